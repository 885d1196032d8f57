package backend

import (
	"context"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/store"
)

// embedded is the URL of a store that runs until the test ends.
func embedded(t *testing.T) string {
	ctx, stop := context.WithCancel(context.Background())
	ended, address := make(chan error, 1), make(chan string, 1)
	go func() { ended <- store.Serve(ctx, "127.0.0.1:0", func(a string) { address <- a }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "redis://" + <-address
}

// Each request does what it needs, and at least k operations.
func TestOperationsPerRequest(t *testing.T) {
	use := embedded(t)
	for _, c := range []struct {
		session Session
		want    string // of the new session's read, a read, a write
	}{
		{Session{}, "1 1 2"}, {Session{Operations: 1}, "1 1 2"}, {Session{Operations: 2}, "2 2 2"},
		{Session{Operations: 7, Size: 4096}, "7 7 7"}, {Session{WriteThrough: true}, "1 2 2"},
	} {
		url, _ := started(t, Options{Store: store.Options{Use: use, Codec: "gob"}, Session: c.session})
		client := &client{t: t, url: url}
		var got []string
		for _, method := range []string{"GET", "GET", "POST"} {
			got = append(got, client.do(method).Get(wire.HeaderLookups))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%+v: %s operations, want %s", c.session, text, c.want)
		}
	}
}

// The ledger tells the parts of the store's time; together they are never more than the whole.
func TestLedgerHasTheSpans(t *testing.T) {
	d, err := results.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	far, err := profiles.ParseDistance("1ms")
	if err != nil {
		t.Fatal(err)
	}
	url, _ := started(t, Options{Ledger: d.ServePath("b1"), Store: store.Options{Use: embedded(t), Distance: far}, Session: Session{Size: 65536}})
	c := &client{t: t, url: url}
	c.do("GET")
	c.do("POST")
	lines := 0
	for s, err := range d.Serves() {
		if err != nil {
			t.Fatal(err)
		}
		lines++
		p := s.Spans
		if p.Trip < 1e6 || p.RoundTrip <= 0 || p.Encode <= 0 || p.Wait+p.Encode+p.RoundTrip+p.Decode+p.Trip > s.StoreTime {
			t.Errorf("%d operations in %v: %+v", s.Lookups, s.StoreTime, p)
		}
		if s.Write && p.Decode <= 0 {
			t.Error("decoding 64 KB took no time")
		}
	}
	if lines != 2 {
		t.Errorf("%d lines", lines)
	}
}

// Ballast has its size and is no run of one letter.
func TestBallast(t *testing.T) {
	text := ballast(1000)
	if len(text) != 1000 || strings.Count(text, text[:1]) > 200 {
		t.Errorf("%d bytes: %s", len(text), text)
	}
}
