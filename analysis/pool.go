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
	gone      map[string][]outage
	outages   []outage // of all instances, in order
	changes   []clock.Time
	detection time.Duration
}

// outage is a time in which an instance was down, removed or failing.
type outage struct {
	instance string
	from, to clock.Time
	why      string
	crash    bool // its memory went with it
}

func newPool(run results.Run, changes []results.Change) *pool {
	const end = clock.Time(math.MaxInt64 / 2)
	p := &pool{gone: map[string][]outage{}, detection: run.Mechanism.Detection}
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b results.Change) int { return int(a.Time - b.Time) })
	open := map[string]outage{}
	for _, c := range changes {
		if c.Time < run.Start || c.Why == "stop" || !known(run, c.Instance) {
			continue
		}
		p.changes = append(p.changes, c.Time)
		was, isOut := open[c.Instance]
		switch out := c.To == results.Down || c.To == results.Removed || c.To == results.Failing; {
		case out && !isOut:
			open[c.Instance] = outage{c.Instance, c.Time, end, c.Why, c.To == results.Down}
		case c.To == results.Up && isOut:
			was.to = c.Time
			p.add(was)
			delete(open, c.Instance)
		}
	}
	for _, i := range run.Instances { // in a fixed order: reports must not depend on map order
		if o, ok := open[i.Name]; ok {
			p.add(o)
		}
	}
	slices.SortStableFunc(p.outages, func(a, b outage) int { return int(a.from - b.from) })
	return p
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
