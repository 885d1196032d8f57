package probe

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// TestMarkersAreForged: every way is tried for every instance whose address is known, one instance after the other, and
// the known values of balancers come out.
func TestMarkersAreForged(t *testing.T) {
	var turn atomic.Int64
	url := balancer(t, func(w http.ResponseWriter, r *http.Request) int {
		if c, err := r.Cookie("SRV"); err == nil && c.Value == "http://10.0.0.2:80" {
			return 2
		}
		return sticky(&turn)(w, r)
	})
	seen, err := Run(t.Context(), Options{URL: url, Identify: profiles.Identify{Header: "X-Who"}, Seed: 1,
		Addresses: map[string]string{"b1": "10.0.0.1:80", "b2": "10.0.0.2:80"}})
	if err != nil {
		t.Fatal(err)
	}
	values, chosen, wanted := map[string][]string{}, map[string]int{}, []string(nil)
	for _, shot := range seen.Shots {
		if shot.Test != results.TestForged || shot.Group == renamed {
			continue
		}
		if !slices.Contains(values[shot.Wanted], shot.Sent) {
			values[shot.Wanted] = append(values[shot.Wanted], shot.Sent)
		}
		if shot.Instance == shot.Wanted && shot.Wanted == "b2" {
			chosen[shot.Group]++
		}
		wanted = append(wanted, shot.Wanted)
	}
	for _, want := range []string{"SRV=10.0.0.1:80", "SRV=http://10.0.0.1:80", "SRV=MTAuMC4wLjE6ODA=",
		"SRV=1484b8b3753313249a03bcfd7b96938d", "SRV=df5bd2f9c0180410",
		"SRV=8f739746d46f6017b4bde24ace4c68cb3c3e881ad280882383b5332dcfbcd789"} {
		if !slices.Contains(values["b1"], want) {
			t.Errorf("%q was not tried, but %q", want, values["b1"])
		}
	}
	if chosen["an instance's URL"] != repeats {
		t.Errorf("what led to b2: %v", chosen)
	}
	if got := wanted[:2*repeats]; !slices.Equal(got, []string{"b1", "b1", "b1", "b2", "b2", "b2"}) {
		t.Errorf("in the order %v", got)
	}
}

// The first four are what nghttpx 1.52 set for these instances on x86.
func TestSocketHashIsWhatNghttpxSets(t *testing.T) {
	signed := func(b byte) uint32 { return uint32(int8(b)) }
	plain := func(b byte) uint32 { return uint32(b) }
	for _, c := range []struct {
		address string
		widen   func(byte) uint32
		want    string
	}{
		{"127.0.0.1:19001", signed, "9b92f53a"},
		{"127.0.0.1:19003", signed, "fb1b0980"},
		{"127.0.0.1:40000", signed, "43ab3837"},
		{"[::1]:40001", signed, "34361763"},
		{"127.0.0.1:19001", plain, "9b92f53a"},
		{"127.0.0.1:40000", plain, "7bfaa937"},
		{"a name", plain, "a name"},
	} {
		if got := socketHash(c.address, c.widen); got != c.want {
			t.Errorf("%s: %s, want %s", c.address, got, c.want)
		}
	}
}
