package lb

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func members(n int) (all []Instance) {
	for i := range n {
		all = append(all, Instance{Name: fmt.Sprintf("b%d", i+1), URL: "http://127.0.0.1:1"})
	}
	return all
}

func names(n int) (all []string) {
	for _, in := range members(n) {
		all = append(all, in.Name)
	}
	return all
}

func anyone(int) bool { return true }

func TestOnlyTheKeysOfAnUnusableInstanceMove(t *testing.T) {
	for name, build := range map[string]func([]Instance) placement{"modulo": modulo, "rendezvous": rendezvous, "ring": consistent(40)} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			n, key := rapid.IntRange(2, 12).Draw(t, "n"), rapid.Uint64().Draw(t, "key")
			gone := rapid.IntRange(0, n-1).Draw(t, "gone")
			place := build(members(n))
			home, next := place(key, anyone), place(key, func(i int) bool { return i != gone })
			if next == gone || (home != gone && next != home) {
				t.Fatalf("key %d moved from %d to %d when %d failed", key, home, next, gone)
			}
		}))
	}
}

func TestAnAddedInstanceOnlyAttracts(t *testing.T) {
	const keys, n = 20000, 9
	for name, build := range map[string]func([]Instance) placement{"rendezvous": rendezvous, "ring": consistent(160)} {
		before, after, moved := build(members(n)), build(members(n+1)), 0
		for key := range uint64(keys) {
			was, is := before(mix(key), anyone), after(mix(key), anyone)
			if was != is && is != n {
				t.Fatalf("%s: key %d moved from %d to %d, not to the new instance", name, key, was, is)
			} else if was != is {
				moved++
			}
		}
		if share := float64(moved) / keys; math.Abs(share-1.0/(n+1)) > 0.03 {
			t.Errorf("%s: %v of the keys moved, want about %v", name, share, 1.0/(n+1))
		}
	}
}

// The arcs of a ring have a known spread: sqrt((n-1)/(nv+1)).
func TestRingImbalanceIsTheKnownOne(t *testing.T) {
	const n, v, rings, keys = 10, 16, 100, 4000
	var squares float64
	for r := range rings {
		pool, counts := make([]Instance, n), make([]float64, n)
		for i := range pool {
			pool[i].Name = fmt.Sprintf("r%d-%d", r, i)
		}
		place := ring(pool, v)
		for key := range uint64(keys) {
			counts[place(key*(math.MaxUint64/keys), anyone)]++
		}
		for _, c := range counts {
			squares += (c*n/keys - 1) * (c*n/keys - 1) / n / rings
		}
	}
	if got, want := math.Sqrt(squares), math.Sqrt(float64(n-1)/(n*v+1)); math.Abs(got/want-1) > 0.1 {
		t.Fatalf("imbalance %v, want about %v", got, want)
	}
}

func with(name, value string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: name, Value: value})
	return r
}

func pooled(a affinity, n int) *pool {
	var build func([]Instance) placement
	if h, ok := a.(*hashed); ok {
		build = h.build
	}
	return newPool(build, members(n), nil, 0, overTCP)
}

func FuzzForeignMarkerChoosesNothing(f *testing.F) {
	c := newCookie(Options{Seed: 1})
	p := pooled(c, 3)
	f.Add(newCodec(2).encode(marker{alias: newCodec(2).alias("b1")}))
	f.Add("b1")
	genuine := c.codec.encode(marker{alias: c.codec.alias("b1"), bound: 1, stamp: 1})
	f.Add(genuine[:len(genuine)-1] + "!")
	f.Fuzz(func(t *testing.T, value string) {
		if home := c.home(with(markerName, value), p, nil, time.Unix(1, 0)); home != "" && value != genuine {
			t.Fatalf("marker %q chose %s", value, home)
		}
	})
}

func TestEveryFlippedBitVoidsTheMarker(t *testing.T) {
	c := newCodec(1)
	value := []byte(c.encode(marker{alias: c.alias("b1")}))
	for i := range value {
		for bit := range 8 {
			forged := append([]byte(nil), value...)
			forged[i] ^= 1 << bit
			if _, ok := c.decode(string(forged)); ok {
				t.Fatalf("byte %d bit %d flipped and still valid", i, bit)
			}
		}
	}
}

// What a client kept from another domain or path stands before ours or after it, and changes nothing.
func TestAForeignCookieOfTheNameIsPassedOver(t *testing.T) {
	now := time.Unix(1, 0)
	for name, a := range map[string]affinity{markerName: newCookie(Options{}), applicationCookie: newTable(Options{})} {
		p, answer := pooled(a, 3), http.Header{"Set-Cookie": {applicationCookie + "=s"}}
		a.bind(answer, httptest.NewRequest(http.MethodGet, "/", nil), "b2", now)
		set, err := http.ParseSetCookie(answer["Set-Cookie"][len(answer["Set-Cookie"])-1])
		if err != nil {
			t.Fatal(err)
		}
		for _, values := range [][]string{{"foreign", set.Value}, {set.Value, "foreign"}} {
			r := with(name, values[0])
			r.AddCookie(&http.Cookie{Name: name, Value: values[1]})
			again := http.Header{}
			if home := a.home(r, p, nil, now); home != "b2" {
				t.Errorf("%s=%q leads to %q, want b2", name, values, home)
			}
			a.bind(again, r, "b2", now)
			if home := a.home(with(name, "foreign"), p, nil, now); home != "" || len(again) > 0 {
				t.Errorf("%s=%q: the foreign value leads to %q, and the answer sets %q", name, values, home, again)
			}
		}
	}
}

// lifetimes: a session active every ttl/2 outlives a sliding TTL, not an absolute one.
func TestSlidingAndAbsolute(t *testing.T) {
	const ttl = time.Minute
	for _, absolute := range []bool{false, true} {
		o := Options{TTL: ttl, Absolute: absolute}
		for name, a := range map[string]affinity{"cookie": newCookie(o), "table": newTable(o)} {
			alive := play(a, ttl)
			if alive == absolute {
				t.Errorf("%s absolute=%v: bound after 2 TTLs of activity: %v", name, absolute, alive)
			}
		}
	}
}

func play(a affinity, ttl time.Duration) bool {
	p, now, r := pooled(a, 3), time.Unix(1000, 0), with(applicationCookie, "s")
	for range 5 {
		answer := http.Header{}
		home := a.home(r, p, nil, now)
		if home == "" && now.After(time.Unix(1000, 0)) {
			return false
		}
		a.bind(answer, r, "b2", now)
		for _, line := range answer["Set-Cookie"] {
			set, _ := http.ParseSetCookie(line)
			r = with(applicationCookie, "s")
			r.AddCookie(set)
		}
		now = now.Add(ttl / 2)
	}
	return a.home(r, p, nil, now.Add(ttl)) == "" // and an idle one ends
}

func TestMarkerDoesNotChurn(t *testing.T) {
	c, now := newCookie(Options{TTL: time.Minute}), time.Unix(1000, 0)
	value := c.codec.encode(marker{alias: c.codec.alias("b1"), bound: now.UnixNano(), stamp: now.UnixNano()})
	for after, want := range map[time.Duration]int{5 * time.Second: 0, 7 * time.Second: 1} {
		answer := http.Header{}
		c.bind(answer, with(markerName, value), "b1", now.Add(after))
		if len(answer["Set-Cookie"]) != want {
			t.Errorf("after %v: %d cookies, want %d", after, len(answer["Set-Cookie"]), want)
		}
	}
}

func TestTableForgetsTheOldestWhenFull(t *testing.T) {
	a, now := newTable(Options{}), time.Unix(1, 0)
	a.limit = 2
	for _, id := range []string{"a", "b", "c"} {
		a.bind(http.Header{}, with(applicationCookie, id), "b1", now)
	}
	if a.home(with(applicationCookie, "a"), nil, nil, now) != "" || a.home(with(applicationCookie, "c"), nil, nil, now) != "b1" {
		t.Fatal("want a forgotten and c kept")
	}
}

func TestHealthNeedsFallAndRise(t *testing.T) {
	var s streak
	h, down := Health{Rise: 2, Fall: 3}, false
	for i, step := range []struct{ ok, down bool }{{false, false}, {false, false}, {true, false}, {false, false}, {false, false}, {false, true}, {true, true}, {false, true}, {true, true}, {true, false}} {
		if down = s.observe(down, step.ok, h); down != step.down {
			t.Fatalf("check %d: down %v, want %v", i, down, step.down)
		}
	}
}
