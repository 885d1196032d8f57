package store

import (
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// cachedContract is that of a store, and what copies are for: reads that cost nothing, and writes that
// take effect whoever wrote in between.
func cachedContract(t *testing.T, through string) {
	t.Run("contract", func(t *testing.T) {
		s := opened(t, Options{Use: through, Cached: true})
		for name, test := range map[string]func(*testing.T, Store){
			"not found": notFound, "round trip": roundTrip, "concurrent writers": concurrentWriters,
			"cancelled": cancelled, "oversize": oversize, "new": newSession,
		} {
			t.Run(name, func(t *testing.T) { test(t, s) })
		}
	})
	here, there := opened(t, Options{Use: through, Cached: true}), opened(t, Options{Use: through, Cached: true})
	save(t, here, "kept", Record{Epoch: 1})
	a := named(t, "kept")
	if _, _, err := here.Load(t.Context(), a); err != nil || a.Operations != 0 || a.Origin != results.Local {
		t.Errorf("a copy's read: %+v, %v", a, err)
	}
	count := func(r Record, _ bool) Record { r.Version++; return r }
	for n := range 6 {
		for _, s := range []Store{here, there} {
			if _, _, err := s.Update(t.Context(), named(t, "kept"), count); err != nil {
				t.Fatal(n, err)
			}
		}
	}
	if r, _ := load(t, there, "kept"); r.Version != 12 {
		t.Errorf("version %d after 12 writes from two sides", r.Version)
	}
	if r, _ := load(t, here, "kept"); r.Version != 11 {
		t.Errorf("version %d; the copy is of the last write from here", r.Version)
	}
}

// A read renews the server's copy before it expires, although the local one answers.
func TestCacheKeepsTheServersCopyAlive(t *testing.T) {
	c := opened(t, Options{Use: embedded(t), Cached: true, TTL: time.Second}).(*Cache)
	now := c.copies.now()
	c.copies.now = func() clock.Time { return now }
	save(t, c, "x", Record{Epoch: 1})
	for _, want := range []uint16{0, 0, 1, 0, 0, 1} {
		now = now.Add(200 * time.Millisecond)
		a := named(t, "x")
		if _, found, err := c.Load(t.Context(), a); !found || err != nil || a.Operations != want {
			t.Fatalf("found %v, %v, %d operations, want %d", found, err, a.Operations, want)
		}
	}
}

func TestCacheKeepsTheNewerCopy(t *testing.T) {
	c := newCache(nil, 0)
	for _, r := range []Record{{Epoch: 1, Version: 1}, {Epoch: 1, Version: 3}, {Epoch: 1, Version: 2}} {
		c.keep("x", copied{record: r})
	}
	if have, _ := c.copy("x"); have.record.Version != 3 {
		t.Errorf("version %d is kept, want 3", have.record.Version)
	}
	c.keep("x", copied{record: Record{Epoch: 2}})
	if have, _ := c.copy("x"); have.record.Epoch != 2 {
		t.Error("a new history was not kept")
	}
}
