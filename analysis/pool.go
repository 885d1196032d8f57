package analysis

import (
	"math"
	"slices"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// pool knows when each instance was not able to serve.
type pool struct {
	names     []string
	gone      map[string][]outage
	outages   []outage // of all instances, in order
	joined    map[string]clock.Time
	draining  map[string][]outage // times in which an instance should get no new sessions
	changes   []clock.Time
	detection time.Duration
	blind     []blindness // of replicas, in order
	down      []downtime  // likewise
}

// outage is a time in which an instance was down, removed or failing.
type outage struct {
	instance string
	from, to clock.Time
	why      string
	removed  bool
	crash    bool // its memory went with it
}

const never = clock.Time(math.MaxInt64 / 2)

func newPool(run results.Run, changes []results.Change) *pool {
	p := &pool{gone: map[string][]outage{}, joined: map[string]clock.Time{}, draining: map[string][]outage{}, detection: run.Mechanism.Detection}
	for _, i := range run.Instances {
		p.names = append(p.names, i.Name)
	}
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b results.Change) int { return int(a.Time - b.Time) })
	open := map[string]outage{}
	for _, c := range changes {
		if c.Toward != "" {
			p.trackSight(c)
		}
		if c.Time < run.Start || c.Why == "stop" {
			continue
		}
		if slices.ContainsFunc(run.Replicas, func(r results.BalancerReplica) bool { return r.Name == c.Instance }) {
			p.trackDowntime(c)
		}
		if !known(run, c.Instance) {
			continue
		}
		if c.From != c.To { // an instance that is only slow is where it was
			p.changes = append(p.changes, c.Time)
		}
		p.track(open, c)
		p.trackDrain(c)
	}
	for _, i := range run.Instances { // in a fixed order: reports must not depend on map order
		if o, ok := open[i.Name]; ok {
			p.add(o)
		}
	}
	slices.SortStableFunc(p.outages, func(a, b outage) int { return int(a.from - b.from) })
	return p
}

// track opens and closes outages; starting is a part of one.
func (p *pool) track(open map[string]outage, c results.Change) {
	if p.joined[c.Instance] == never { // started, and not yet told to the balancer
		if c.To == results.Up {
			p.joined[c.Instance] = c.Time
		}
		return
	}
	was, isOut := open[c.Instance]
	crash := c.To == results.Down && !c.MemoryKept
	switch out := c.To == results.Down || c.To == results.Removed || c.To == results.Failing; {
	case c.From == results.Removed && c.To == results.Starting && !isOut:
		p.joined[c.Instance] = never
	case out && !isOut:
		open[c.Instance] = outage{c.Instance, c.Time, never, c.Why, c.To == results.Removed, crash}
	case out:
		was.crash = was.crash || crash
		open[c.Instance] = was
	case isOut && c.To != results.Starting:
		was.to = c.Time
		p.add(was)
		delete(open, c.Instance)
	}
}

// members are the instances of the pool just before t.
func (p *pool) members(run results.Run, t clock.Time) (in []results.Instance) {
	for _, i := range run.Instances {
		left := slices.ContainsFunc(p.gone[i.Name], func(o outage) bool { return o.removed && o.from < t && t <= o.to })
		if !left && p.joined[i.Name] < t {
			in = append(in, i)
		}
	}
	return in
}

// weights are the instance's and that of the whole pool just before t, in which it is.
func (p *pool) weights(run results.Run, instance string, t clock.Time) (own, all float64) {
	own = weightOf(run.Instances, instance)
	return own, max(own, total(p.members(run, t)))
}

// share is the part of the keys, and of new sessions, that are the instance's.
func (p *pool) share(run results.Run, instance string, t clock.Time) float64 {
	own, all := p.weights(run, instance, t)
	return own / all
}

// weightOf is 1 for an instance that is not among them.
func weightOf(instances []results.Instance, name string) float64 {
	for _, i := range instances {
		if i.Name == name {
			return i.Weighs()
		}
	}
	return 1
}

// total is the weight of all.
func total(instances []results.Instance) (sum float64) {
	for _, i := range instances {
		sum += i.Weighs()
	}
	return sum
}

func known(run results.Run, name string) bool {
	return slices.ContainsFunc(run.Instances, func(i results.Instance) bool { return i.Name == name })
}

func (p *pool) add(o outage) {
	p.gone[o.instance] = append(p.gone[o.instance], o)
	p.outages = append(p.outages, o)
}

// unavailable says whether the instance was out at any time in [from, to], or within the detection
// window after it.
func (p *pool) unavailable(instance string, from, to clock.Time) bool {
	return slices.ContainsFunc(p.gone[instance], func(o outage) bool {
		return o.from <= to && from <= o.to.Add(p.detection)
	})
}

// crashed says whether the instance lost its memory in [from, to].
func (p *pool) crashed(instance string, from, to clock.Time) bool {
	return slices.ContainsFunc(p.gone[instance], func(o outage) bool { return o.crash && o.from <= to && from <= o.to })
}

// changed says whether the pool changed in [from, to], or within the detection window before.
func (p *pool) changed(from, to clock.Time) bool {
	return slices.ContainsFunc(p.changes, func(t clock.Time) bool { return t <= to && from <= t.Add(p.detection) })
}

// trackDrain follows from when to when an instance was draining.
func (p *pool) trackDrain(c results.Change) {
	spans := p.draining[c.Instance]
	if n := len(spans); n > 0 && spans[n-1].to == never && c.To != results.Draining {
		spans[n-1].to = c.Time
	} else if c.To == results.Draining && (n == 0 || spans[n-1].to != never) {
		spans = append(spans, outage{instance: c.Instance, from: c.Time, to: never})
	}
	p.draining[c.Instance] = spans
}

// drained says whether the instance was draining during all of [from, to], and for longer than the
// balancer may take to obey.
func (p *pool) drained(instance string, from, to clock.Time) bool {
	return slices.ContainsFunc(p.draining[instance], func(o outage) bool { return o.from.Add(p.detection) < from && to < o.to })
}

// left says whether the instance was out of the pool during all of [from, to], and for longer than the
// balancer may take to obey.
func (p *pool) left(instance string, from, to clock.Time) bool {
	return slices.ContainsFunc(p.gone[instance], func(o outage) bool { return o.removed && o.from.Add(p.detection) < from && to < o.to })
}

// overdue says whether the instance had been out at t for longer than the detection window, while
// another one could serve.
func (p *pool) overdue(instance string, t clock.Time) bool {
	out := func(name string) bool {
		return slices.ContainsFunc(p.gone[name], func(o outage) bool { return o.from <= t && t <= o.to })
	}
	return slices.ContainsFunc(p.gone[instance], func(o outage) bool { return o.from.Add(p.detection) < t && t <= o.to }) &&
		slices.ContainsFunc(p.names, func(name string) bool { return name != instance && p.joined[name] <= t && !out(name) })
}
