package store

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
)

// contract is what every store promises; late is how much longer than its TTL a record may live.
func contract(t *testing.T, open func(ttl time.Duration) Store, pass func(time.Duration), late time.Duration) {
	s := open(0)
	defer s.Close()
	for name, test := range map[string]func(*testing.T, Store){
		"not found": notFound, "round trip": roundTrip, "concurrent writers": concurrentWriters,
		"cancelled": cancelled, "oversize": oversize, "new": newSession,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
	t.Run("ttl", func(t *testing.T) { expires(t, open(time.Second), pass, late) })
}

// named is the session of that name in this test: the stores of several tests share a server.
func named(t *testing.T, id string) *Access { return &Access{ID: t.Name() + "/" + id} }

func load(t *testing.T, s Store, id string) (Record, bool) {
	t.Helper()
	r, found, err := s.Load(t.Context(), named(t, id))
	if err != nil {
		t.Fatal(err)
	}
	return r, found
}

// save makes the record r, whatever was there.
func save(t *testing.T, s Store, id string, r Record) {
	t.Helper()
	if _, _, err := s.Update(t.Context(), named(t, id), func(Record, bool) Record { return r }); err != nil {
		t.Fatal(err)
	}
}

func notFound(t *testing.T, s Store) {
	if _, found := load(t, s, "nobody"); found {
		t.Fatal("found")
	}
}

func roundTrip(t *testing.T, s Store) {
	want := Record{Owner: wire.SessionID{User: 3, Session: 4}, Epoch: 1 << 63, Version: 7, Head: ^uint64(0), Data: strings.Repeat("ab\"\n", 16<<10)}
	save(t, s, "a", want)
	if got, found := load(t, s, "a"); got != want || !found {
		t.Fatalf("found %v, %d bytes, owner %v, epoch %d, version %d", found, len(got.Data), got.Owner, got.Epoch, got.Version)
	}
}

func concurrentWriters(t *testing.T, s Store) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				if _, _, err := s.Update(t.Context(), named(t, "b"), func(r Record, _ bool) Record { r.Version++; return r }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got, _ := load(t, s, "b"); got.Version != 40 {
		t.Fatalf("version %d after 40 writes", got.Version)
	}
}

func cancelled(t *testing.T, s Store) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Load(ended, named(t, "a")); !errors.Is(err, context.Canceled) {
		t.Fatalf("load: %v", err)
	}
	if _, _, err := s.Update(ended, named(t, "a"), func(r Record, _ bool) Record { return r }); !errors.Is(err, context.Canceled) {
		t.Fatalf("update: %v", err)
	}
}

// A record that is too large is refused, and the one before it stays.
func oversize(t *testing.T, s Store) {
	save(t, s, "large", Record{Epoch: 5})
	_, _, err := s.Update(t.Context(), named(t, "large"), func(r Record, _ bool) Record { r.Data = strings.Repeat("x", 2<<20); return r })
	if !errors.Is(err, ErrTooLarge) {
		t.Fatalf("got %v", err)
	}
	if r, found := load(t, s, "large"); !found || r.Epoch != 5 || r.Data != "" {
		t.Fatalf("found %v, epoch %d, %d bytes", found, r.Epoch, len(r.Data))
	}
}

// Two requests may both believe that the session is new: parallel first requests of one client.
func newSession(t *testing.T, s Store) {
	for want := range 2 {
		a := named(t, "fresh")
		a.New = true
		before, _, err := s.Update(t.Context(), a, func(r Record, _ bool) Record { r.Version++; return r })
		if err != nil || int(before.Version) != want {
			t.Fatalf("before the write: version %d, %v; want %d", before.Version, err, want)
		}
	}
}

func expires(t *testing.T, s Store, pass func(time.Duration), late time.Duration) {
	defer s.Close()
	save(t, s, "c", Record{Epoch: 1})
	pass(700 * time.Millisecond)
	if _, found := load(t, s, "c"); !found {
		t.Fatal("gone before its time")
	}
	pass(700 * time.Millisecond)
	if _, found := load(t, s, "c"); !found {
		t.Fatal("use did not extend its life")
	}
	pass(1100*time.Millisecond + late)
	if _, found := load(t, s, "c"); found {
		t.Fatal("still there after its time")
	}
}
