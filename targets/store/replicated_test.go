package store

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// ring is three instances that know each other.
func ring(t *testing.T) (all [3]*Replicated, servers [3]*httptest.Server) {
	for n := range all {
		all[n] = NewReplicated(Options{})
		servers[n] = httptest.NewServer(all[n].Handler())
		t.Cleanup(func() { servers[n].Close(); all[n].Close() })
	}
	for n := range all {
		all[n].Introduce([]string{servers[(n+1)%3].URL, servers[(n+2)%3].URL})
	}
	return all, servers
}

func TestReplicated(t *testing.T) {
	now := clock.Time(1)
	contract(t, func(ttl time.Duration) Store {
		s := NewReplicated(Options{TTL: ttl})
		s.own.now = func() clock.Time { return now }
		return s
	}, func(d time.Duration) { now = now.Add(d) }, 0)
}

// awaitCopy waits until the peer has its copy.
func (s *Replicated) awaitCopy(t *testing.T, id string, version uint32) {
	t.Helper()
	for has := false; !has; wait(time.Millisecond) { // the test's own deadline bounds it
		s.mu.Lock()
		r, found := s.copies.get(named(t, id).ID)
		has = found && r.Version == version
		s.mu.Unlock()
	}
}

// A crash loses nothing that was copied, whichever instance the session comes to.
func TestCopySurvivesACrash(t *testing.T) {
	all, servers := ring(t)
	a := named(t, "s")
	a.New = true
	if _, _, err := all[0].Update(t.Context(), a, func(r Record, _ bool) Record { return Record{Epoch: 9, Version: 3} }); err != nil || a.Origin != results.None {
		t.Fatal(a, err)
	}
	all[1].awaitCopy(t, "s", 3)
	servers[0].Close()
	a = named(t, "s")
	r, found, err := all[2].Load(t.Context(), a)
	if !found || err != nil || r.Epoch != 9 || r.Version != 3 || a.Origin != results.Replica || a.Operations != 1 {
		t.Errorf("got %+v, %v, %v, %+v", r, found, err, a)
	}
	save(t, all[2], "s", Record{Epoch: 9, Version: 4})
	all[1].awaitCopy(t, "s", 4) // its first peer is gone, the next one takes the copy
}

// A session that moves without a crash takes its record along; coming back it finds the newest.
func TestRecordMovesWithItsSession(t *testing.T) {
	all, _ := ring(t)
	count := func(r Record, _ bool) Record { r.Version++; return r }
	for n := range 12 {
		if _, after, err := all[n%3].Update(t.Context(), &Access{ID: "s"}, count); err != nil || after.Version != uint32(n+1) {
			t.Fatalf("write %d: %+v, %v", n+1, after, err)
		}
	}
	if _, found := load(t, all[0], "nobody"); found {
		t.Error("found what nobody saved")
	}
}

// The distance lies between the peers, too.
func TestPeersLieApart(t *testing.T) {
	far, err := profiles.ParseDistance("2ms")
	if err != nil {
		t.Fatal(err)
	}
	here, there := NewReplicated(Options{Distance: far}), NewReplicated(Options{})
	defer here.Close()
	defer there.Close()
	server := httptest.NewServer(there.Handler())
	defer server.Close()
	here.Introduce([]string{server.URL})
	save(t, there, "s", Record{Epoch: 1})
	a := named(t, "s")
	if _, found, err := here.Load(t.Context(), a); !found || err != nil || a.Spans.RoundTrip < 2*time.Millisecond {
		t.Errorf("found %v, %v, after %v", found, err, a.Spans.RoundTrip)
	}
}

func TestReplicaRefusesNonsense(t *testing.T) {
	all, servers := ring(t)
	if _, err := all[0].post(t.Context(), servers[1].URL+copiesPath, []byte("{")); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("got %v", err)
	}
}
