package loadgen

import (
	"fmt"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// marking answers as fake does, and gives each session a marker and the application's cookie with its first answer. It
// notes the markers that come.
type marking struct {
	fake
	came map[wire.SessionID][]uint64
}

func (m *marking) Send(r *Request) {
	m.came[r.ID] = append(m.came[r.ID], r.Marker)
	if r.Marker == 0 {
		for _, line := range []string{fmt.Sprintf("SRV=%d", 1000+r.ID.User), fmt.Sprintf("%s=x%d", wire.SessionCookie, r.ID.User)} {
			r.Answer.arena = append(r.Answer.arena, line...)
			r.Answer.ends = append(r.Answer.ends, len(r.Answer.arena))
		}
	}
	m.fake.Send(r)
}

// clicking is ten requests a session, one a second, of five users at once from the beginning on.
func clicking(t *testing.T, faults ...profiles.Fault) *profiles.Experiment {
	t.Helper()
	e := profiles.Default()
	e.Duration, e.Warmup, e.Speedup, e.Sessions, e.Faults = profiles.Duration(20*time.Second), 0, 1, 5, faults
	e.Load.Rate, e.Load.Arrivals = 10, "constant"
	e.Mix.Profiles = e.Mix.Profiles[:1]
	p := &e.Mix.Profiles[0].Profile
	p.Jar, p.MovesPerHour, p.Parallel, p.Writes = "", 0, profiles.Distribution{}, 0
	for text, d := range map[string]*profiles.Distribution{"constant(10)": &p.Requests, "constant(1)": &p.Think} {
		var err error
		if *d, err = profiles.ParseDistribution(text); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func playMarking(t *testing.T, e *profiles.Experiment) (all list, m *marking) {
	t.Helper()
	m = &marking{came: map[wire.SessionID][]uint64{}}
	s := newShard(Options{Plan: profiles.NewPlan(e), Experiment: e}, 0, 1)
	s.engine, s.log, s.jars = m, &all, newJars(site{host: "h", path: "/"})
	if err := s.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(all) != 50 {
		t.Fatalf("%d requests, want 50", len(all))
	}
	return all, m
}

// flagged counts the records with the flag, by session.
func flagged(all list, flag results.ExchangeFlags) map[wire.SessionID]int {
	n := map[wire.SessionID]int{}
	for _, e := range all {
		if e.Flags&flag != 0 {
			n[e.ID]++
		}
	}
	return n
}

// Each user meets a mishap once: one request says so, and what it sends is what the mishap left of its marker.
func TestMarkersAreLostDamagedAndExchanged(t *testing.T) {
	at := profiles.Duration(5 * time.Second)
	for name, c := range map[string]struct {
		fault profiles.Fault
		users int // that are hit: the first that is to get another's marker finds none
		sent  func(own uint64, all map[uint64]bool, sent uint64) bool
	}{
		"forget": {profiles.Fault{At: at, Forget: profiles.TheClients}, 5, func(_ uint64, _ map[uint64]bool, sent uint64) bool { return sent == 0 }},
		"garble": {profiles.Fault{At: at, Garble: profiles.TheClients}, 5, func(own uint64, all map[uint64]bool, sent uint64) bool { return sent != 0 && sent != own && !all[sent] }},
		"replay": {profiles.Fault{At: at, Replay: profiles.TheClients}, 4, func(own uint64, all map[uint64]bool, sent uint64) bool { return sent != own && all[sent] }},
	} {
		t.Run(name, func(t *testing.T) {
			all, m := playMarking(t, clicking(t, c.fault))
			own := map[uint64]bool{}
			for _, markers := range m.came {
				own[markers[1]] = true
			}
			hit := flagged(all, results.MarkerDropped)
			if len(hit) != c.users || len(own) != 5 {
				t.Errorf("%d users were hit, %d markers given", len(hit), len(own))
			}
			for _, e := range all {
				if e.Flags&results.MarkerDropped == 0 {
					continue
				}
				if hit[e.ID] != 1 || e.Due < clock.Time(at) || e.Due > clock.Time(at).Add(time.Second+50*time.Millisecond) || !c.sent(m.came[e.ID][1], own, e.MarkerSent) {
					t.Errorf("%d records of session %v; due %v; sent %x, own %x", hit[e.ID], e.ID, time.Duration(e.Due), e.MarkerSent, m.came[e.ID][1])
				}
			}
		})
	}
}

// The twin stays beside the marker: each request of the session sends both and says so, and the client is excused nothing.
func TestMarkersAreDoubled(t *testing.T) {
	at := profiles.Duration(5 * time.Second)
	all, m := playMarking(t, clicking(t, profiles.Fault{At: at, Double: profiles.TheClients}, profiles.Fault{At: 2 * at, Double: profiles.TheClients}))
	for _, e := range all {
		own := m.came[e.ID][1]
		doubled := e.Flags&results.MarkerDoubled != 0
		if late := e.Due >= clock.Time(at).Add(time.Second+50*time.Millisecond); late && !doubled || doubled && e.Due < clock.Time(at) {
			t.Errorf("session %v at %v: doubled is %v", e.ID, time.Duration(e.Due), doubled)
		}
		if e.Flags&results.MarkerDropped != 0 || e.MarkerSent != 0 && doubled == (e.MarkerSent == own) {
			t.Errorf("session %v: sent %x, own %x, flags %b", e.ID, e.MarkerSent, own, e.Flags)
		}
	}
	if hit := flagged(all, results.MarkerDoubled); len(hit) != 5 {
		t.Errorf("%d users were hit", len(hit))
	}
}

// What answers set replaces the marker and never its twin, which keeps its side of it.
func TestATwinIsNotReplaced(t *testing.T) {
	for age, want := range map[twin]string{
		elderTwin:   "SRV=x8; SBSESSION=x1; SRV=b3; a=1",
		youngerTwin: "SBSESSION=x1; SRV=b3; SRV=x8; a=1",
	} {
		js, j := newJars(site{host: "h", path: "/"}), jar{}
		for _, line := range []string{"SBSESSION=x1", "SRV=n3; Max-Age=60"} {
			js.set(&j, []byte(line), 1)
		}
		js.double(&j, age)
		js.double(&j, age) // of the marker again, not of its twin
		for _, line := range []string{"SRV=longer-than-before", "SRV=b3", "a=1"} {
			js.set(&j, []byte(line), 1)
		}
		if got, _, doubled := js.header(nil, &j, 1); string(got) != want || !doubled {
			t.Errorf("the header is %q, want %q; doubled is %v", got, want, doubled)
		}
		js.forget(&j)
		if got, _, doubled := js.header(nil, &j, 1); string(got) != "SBSESSION=x1" || doubled {
			t.Errorf("forgotten, the header is %q; doubled is %v", got, doubled)
		}
	}
}

func TestClientsMoveAtOnce(t *testing.T) {
	all, _ := playMarking(t, clicking(t, profiles.Fault{At: profiles.Duration(5 * time.Second), Move: profiles.TheClients}))
	if moved := flagged(all, results.AddressChanged); len(moved) != 5 {
		t.Errorf("moved: %v, want each of five once", moved)
	}
}

// A pause shifts what falls into it, so that nobody sends meanwhile and not all at its end.
func TestClientsPause(t *testing.T) {
	from, long := clock.Time(5*time.Second), 3*time.Second
	all, _ := playMarking(t, clicking(t, profiles.Fault{At: profiles.Duration(from), Pause: profiles.TheClients, For: profiles.Duration(long)}))
	at := map[clock.Time]int{}
	for _, e := range all {
		if e.Due >= from && e.Due < from.Add(long) {
			t.Errorf("session %v sent at %v", e.ID, time.Duration(e.Due))
		}
		at[e.Due]++
	}
	for due, n := range at {
		if n > 1 {
			t.Errorf("%d requests are due at %v", n, time.Duration(due))
		}
	}
}
