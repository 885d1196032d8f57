package analysis

import (
	"maps"
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// traffic folds the measured exchanges into counts and latencies.
type traffic struct {
	run           results.Run
	count, failed uint64
	last          clock.Time
	profiles      []latency           // and one more for answers of no known profile
	zones         map[string]*latency // by the answering instance's zone
	places        map[string]*place   // by instance of the run
	lately        [64]named           // of places: saves most look-ups
	operations    uint64              // on the session store
}

// place is one instance of the run.
type place struct {
	served int64    // answered requests
	zone   *latency // of its zone; nil = it has none
}

// named is a place under its name; nil when no instance of the run has it.
type named struct {
	name  string
	place *place
}

// at gives the place of that name, or nil.
func (t *traffic) at(name string) *place {
	i := 0
	if len(name) > 0 {
		i = int(name[len(name)-1]) % len(t.lately) // names mostly differ in the last digit
	}
	if n := &t.lately[i]; n.name == name {
		return n.place
	}
	p := t.places[name]
	t.lately[i] = named{name, p}
	return p
}

func newTraffic(run results.Run) *traffic {
	t := &traffic{run: run, profiles: make([]latency, len(run.Profiles)+1), zones: map[string]*latency{}, places: map[string]*place{}}
	for i := range t.profiles {
		t.profiles[i] = newLatency()
	}
	for _, i := range run.Instances {
		if i.Zone != "" && t.zones[i.Zone] == nil {
			l := newLatency()
			t.zones[i.Zone] = &l
		}
		t.places[i.Name] = &place{zone: t.zones[i.Zone]}
	}
	return t
}

// add leaves out warm-up and requests that the generator itself gave up; timed says whether the
// answer counts for the latencies.
func (t *traffic) add(e *results.Exchange, timed bool) {
	t.last = max(t.last, e.Done)
	if e.Flags&results.Warmup != 0 || e.Failure == results.Canceled || e.Failure == results.Dropped {
		return
	}
	t.count++
	if e.Failure != results.Answered || e.Status >= 500 {
		t.failed++
		return
	}
	p := t.at(e.Instance)
	if p != nil {
		p.served++
	}
	t.operations += uint64(e.Lookups)
	if !timed {
		return
	}
	t.profiles[min(int(e.Profile), len(t.profiles)-1)].add(e)
	if p != nil && p.zone != nil {
		p.zone.add(e)
	}
}

func (t *traffic) report(s *sheet) {
	s.put(results.Metric{Name: "requests.count", Unit: "count", Value: float64(t.count), N: int64(t.count)})
	if window := seconds(t.run.Measured, max(t.run.End, t.last)); window > 0 && t.count > 0 {
		s.put(results.Metric{Name: "requests.rate", Unit: "per_second", Better: "higher", Value: float64(t.count) / window, N: int64(t.count)})
	}
	s.ratio("errors.ratio", "lower", t.failed, t.count)
	if t.operations > 0 {
		s.put(results.Metric{Name: "store.operations_per_request", Unit: "count", Better: "lower",
			Value: float64(t.operations) / float64(t.count-t.failed), N: int64(t.count - t.failed)})
	}
	total := t.all()
	total.report(s, nil)
	for i, name := range t.run.Profiles {
		t.profiles[i].report(s, map[string]string{"profile": name})
	}
	for _, zone := range slices.Sorted(maps.Keys(t.zones)) {
		t.zones[zone].report(s, map[string]string{"zone": zone})
	}
}

// all is the latency of the profiles together.
func (t *traffic) all() latency {
	total := newLatency()
	for _, l := range t.profiles {
		total.merge(l)
	}
	return total
}
