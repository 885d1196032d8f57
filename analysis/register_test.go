package analysis

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// input feeds the synthetic run without files.
func (s *synthetic) input(p patience) input {
	feed := newSynthetic(s.exchanges)
	return input{name: "synthetic", experiment: profiles.Default(), run: s.run(), changes: s.changes(), patience: p,
		serves: func() (ledgers, error) { return newFeed(s.exchanges), nil }, exchanges: func(yield func(results.Exchange, error) bool) {
			for e := range feed.each {
				if !yield(*e, nil) {
					return
				}
			}
		}}
}

// feed is the ledgers' side of a synthetic run, made up as it is read.
type feed struct {
	at   int
	from *synthetic
	e    results.Exchange
	head results.Serve
}

func newFeed(exchanges int) *feed {
	f := &feed{from: newSynthetic(exchanges)}
	f.advance()
	return f
}

func (f *feed) advance() {
	if f.at < f.from.exchanges {
		f.from.one(f.at, &f.e, &f.head)
	}
	f.at++
}

func (f *feed) End() (at clock.Time, more bool) { return f.head.End, f.at <= f.from.exchanges }

func (f *feed) Next(s *results.Serve) (more bool, err error) {
	more = f.at <= f.from.exchanges
	*s = f.head
	f.advance()
	return more, nil
}

func (f *feed) Close() {}

// Forgetting sessions changes nothing in the report, and what is remembered does not grow with the run.
func TestForgettingChangesNothing(t *testing.T) {
	const exchanges = 300_000
	s := newSynthetic(exchanges)
	whole := mustJudge(t, s.input(forever))
	if m, _ := whole.Find("affinity.broken_sessions", nil); m.Value == 0 {
		t.Fatal("no session broke: the synthetic run proves nothing")
	}
	for name, p := range map[string]patience{"time": {grace: time.Second, least: 100, most: math.MaxInt}, "number": {grace: time.Hour, most: 900}} {
		t.Run(name, func(t *testing.T) { forgetting(t, s, p, whole) })
	}
}

func forgetting(t *testing.T, s *synthetic, p patience, whole *results.Report) {
	in := s.input(p)
	j, most := newJudge(in), 0
	in.exchanges = watched(in.exchanges, func() { most = max(most, j.sessions.count) })
	got := judged(t, in, j)
	want, _ := whole.Encode()
	if !bytes.Equal(got, want) {
		t.Errorf("forgetting changed the report:\n%s\nwant:\n%s", got, want)
	}
	// 6,000 players, and 800 sessions that end each second
	if limit := len(s.players) + 1200; most > limit {
		t.Errorf("%d sessions were remembered at once, want at most %d", most, limit)
	}
}

func watched[V any](from func(func(V, error) bool), look func()) func(func(V, error) bool) {
	return func(yield func(V, error) bool) {
		from(func(v V, err error) bool {
			look()
			return yield(v, err)
		})
	}
}

func judged(t *testing.T, in input, j *judge) []byte {
	t.Helper()
	r, err := sweep(in, j)
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A write repeated long after its session is forgotten cannot be judged, and that is said.
func TestWhatComesTooLateIsSaid(t *testing.T) {
	in := story()
	in.patience = patience{grace: time.Second, most: math.MaxInt}
	var serves []results.Serve
	var exchanges []results.Exchange
	for i := range 60 {
		at := clock.Time(1e9 * (i + 1))
		id := wire.SessionID{User: uint32(i)}
		exchanges = append(exchanges, results.Exchange{ID: id, Due: at, Sent: at, Done: at + 2, Status: 200, Instance: "b1", Flags: results.Last})
		serves = append(serves, results.Serve{ID: id, Nonce: uint64(i), Start: at, End: at + 1, Write: true, Status: 200})
	}
	again := serves[0]
	again.Start, again.End = 40e9, 41e9
	in.serves = told(append(serves, again))
	in.exchanges = story(exchanges...).exchanges
	r := mustJudge(t, in)
	if m, _ := r.Find("consistency.duplicate", nil); m.Value != 0 || len(r.Warnings) == 0 {
		t.Errorf("%v duplicates, warnings %q", m.Value, r.Warnings)
	}
}

// Weighing a sample of the addresses gives nearly the effective number that all of them give.
func TestSampledAddressesWeighAsAll(t *testing.T) {
	all, sampled := newWeights(true), newWeights(true)
	sampled.most = 4096
	for i := range uint32(100_000) {
		s := &session{requests: 1 + i%50, source: netip.AddrFrom4([4]byte{127, byte(i >> 16), byte(i >> 8), byte(i)})}
		all.add(s)
		sampled.add(s)
	}
	exact, near := stats.Effective(all.classes()), stats.Effective(sampled.classes())
	if ratio := near / exact; len(sampled.addresses) > 4096 || ratio < 0.9 || ratio > 1.1 {
		t.Errorf("%d addresses kept, %.0f effective keys, want about %.0f", len(sampled.addresses), near, exact)
	}
}

// Violations beyond those listed are counted; unexcused ones outrank excused ones, whenever they come.
func TestListedViolationsAreTheFirst(t *testing.T) {
	var v violations
	for i := range 5 * listed {
		n := (i * 7919) % (5 * listed) // in no order
		v.add(violation{at: clock.Time(n), excused: n%5 != 0, kind: "switch", why: fmt.Sprint(n)})
	}
	r := &results.Report{}
	v.report(r, 0)
	if len(r.Violations) != listed || len(r.Warnings) != 1 {
		t.Fatalf("%d violations, warnings %q", len(r.Violations), r.Warnings)
	}
	for i, x := range r.Violations {
		if x.Excused || x.Why != fmt.Sprint(5*i) {
			t.Fatalf("violation %d is %+v", i, x)
		}
	}
}

func TestNoncesAreRememberedForAWhile(t *testing.T) {
	n := newNonces(10)
	n.least = 5
	for i := range uint64(100) {
		if n.repeated(i, clock.Time(i)) || !n.repeated(i, clock.Time(i)) || i >= 10 && !n.repeated(i-10, clock.Time(i)) {
			t.Fatalf("nonce %d", i)
		}
	}
	if held := n.young.count + n.old.count; held > 25 {
		t.Errorf("%d nonces are held", held)
	}
}

func TestRosterIsAMap(t *testing.T) {
	r, want := newRoster(), map[wire.SessionID]*session{}
	draws := rand.New(rand.NewPCG(5, 6))
	for i := range 200_000 {
		id := wire.SessionID{User: draws.Uint32N(1<<8) << (24 * (i % 2)), Session: draws.Uint32N(8)} // 0, and alike in many bits
		if got := r.find(id); got != want[id] {
			t.Fatalf("%s: %v, want %v", id, got, want[id])
		}
		if want[id] == nil && draws.Uint32N(8) < 5 {
			want[id] = &session{id: id}
			r.add(want[id])
		} else {
			delete(want, id)
			r.remove(id)
		}
		if r.count != len(want) {
			t.Fatalf("%d of %d", r.count, len(want))
		}
	}
}
