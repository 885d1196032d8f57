package loadgen

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// fake answers after a fixed service time, in virtual time; frozen between from and to.
type fake struct {
	now      clock.Time
	from, to clock.Time
	flying   []*Request
}

func (f *fake) Now() clock.Time { return f.now }
func (f *fake) Send(r *Request) {
	r.Sent, r.Done, r.Status = f.now, f.now.Add(time.Millisecond), 200
	if r.Sent >= f.from && r.Sent < f.to {
		r.Done = f.to.Add(time.Millisecond)
	}
	f.flying = append(f.flying, r)
}
func (f *fake) Wait(until clock.Time, done []*Request) []*Request {
	for _, r := range f.flying {
		until = min(until, r.Done)
	}
	f.now = max(f.now, until)
	f.flying = slices.DeleteFunc(f.flying, func(r *Request) bool {
		if r.Done <= f.now {
			done = append(done, r)
		}
		return r.Done <= f.now
	})
	return done
}
func (f *fake) Release(uint32) {}
func (f *fake) Close() error {
	for _, r := range f.flying {
		r.Failure, r.Done = results.Canceled, f.now
	}
	return nil
}

type list []results.Exchange

func (l *list) Append(e *results.Exchange) error   { *l = append(*l, *e); return nil }
func (l *list) Flush() error                       { return nil }
func (l *list) Held() (sum, longest time.Duration) { return 0, 0 }

func playFake(t *testing.T, e *profiles.Experiment, f *fake, n int) []results.Exchange {
	t.Helper()
	var all list
	for i := range n {
		g := *f
		s := newShard(Options{Plan: profiles.NewPlan(e), Experiment: e}, i, n)
		s.engine, s.log, s.jars = &g, &all, newJars(site{host: "h", path: "/"})
		if err := s.play(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	slices.SortFunc(all, func(a, b results.Exchange) int { return int(a.Nonce>>1) - int(b.Nonce>>1) })
	return all
}

func TestShardsPlayTheSameRequests(t *testing.T) {
	e := profiles.Default()
	one, two := playFake(t, e, &fake{}, 1), playFake(t, e, &fake{}, 2)
	if len(one) == 0 || len(one) != len(two) {
		t.Fatalf("%d requests by one shard, %d by two", len(one), len(two))
	}
	for i := range one {
		if one[i].Nonce != two[i].Nonce || one[i].Due != two[i].Due {
			t.Fatalf("request %d: %+v and %+v", i, one[i], two[i])
		}
	}
}

func TestStallShowsInResponseTime(t *testing.T) {
	e := profiles.Default()
	e.Duration, e.Load.Rate, e.Load.Arrivals = profiles.Duration(10*time.Second), 1000, "constant"
	for i := range e.Mix.Profiles {
		p := &e.Mix.Profiles[i].Profile
		p.Requests, p.Parallel = one(t), profiles.Distribution{}
	}
	f := &fake{from: clock.Time(4 * time.Second), to: clock.Time(5 * time.Second)}
	all := playFake(t, e, f, 1)
	var d []time.Duration
	for _, x := range all {
		d = append(d, x.Done.Sub(x.Due))
	}
	slices.Sort(d)
	if p99 := d[len(d)*99/100]; p99 < 855*time.Millisecond || p99 > 945*time.Millisecond {
		t.Errorf("p99 of %d is %v, want about 0.9 s", len(d), p99)
	}
}

func TestUsersBeyondTheLimitAreDropped(t *testing.T) {
	e := profiles.Default()
	e.Load.MaxUsers = 1
	dropped := 0
	for _, x := range playFake(t, e, &fake{}, 1) {
		if x.Failure == results.Dropped {
			dropped++
		}
	}
	if dropped == 0 {
		t.Error("nothing dropped")
	}
}

func one(t *testing.T) profiles.Distribution {
	d, err := profiles.ParseDistribution("constant(1)")
	if err != nil {
		t.Fatal(err)
	}
	return d
}
