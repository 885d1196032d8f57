package analysis

import (
	"math/bits"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// phase is a part of an outage.
type phase int

const (
	undetected phase = iota // the balancer cannot know yet
	detected                // it must have noticed
	recovering              // the instance is back, and the balancer may not know yet
	phases
)

func (p phase) String() string { return [...]string{"undetected", "detected", "recovering"}[p] }

// phaseAt is the phase at t; false outside of the outage.
func (o *outage) phaseAt(t, detection clock.Time) (p phase, in bool) {
	switch {
	case t < o.from:
		return 0, false
	case t <= min(o.to, o.from+detection):
		return undetected, true
	case t <= o.to:
		return detected, true
	}
	return recovering, t <= o.to+detection
}

// phaseCount is what happened in one phase of one outage.
type phaseCount struct {
	requests, errors int64 // of all sessions
	victims          int64 // victims that were answered in it
	distinct         int64 // instances that answered them, summed over the victims
}

// places is a set of instances, by their number in Run.Instances.
type places [4]uint64

// add says whether the instance is new in the set; unknown ones are not.
func (s *places) add(number int) bool {
	if number < 0 || number >= 64*len(s) || s[number/64]&(1<<(number%64)) != 0 {
		return false
	}
	s[number/64] |= 1 << (number % 64)
	return true
}

func (s *places) size() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// inPhase counts an exchange for its phase of the outage.
func (f *failover) inPhase(p phase, e *results.Exchange) {
	if e.Failure == results.Canceled || e.Flags&results.Warmup != 0 {
		return
	}
	f.phases[p].requests++
	if e.Failure != results.Answered || e.Status >= 500 {
		f.phases[p].errors++
	}
}

func (f *failover) reportPhases(s *sheet, fault string) {
	for p := range phases {
		c := f.phases[p]
		labels := map[string]string{"fault": fault, "phase": p.String()}
		if c.requests == 0 {
			continue
		}
		s.count("failover.requests", labels, c.requests, "")
		s.put(results.Metric{Name: "failover.error_ratio", Labels: labels, Unit: "ratio", Better: "lower",
			Value: float64(c.errors) / float64(c.requests), N: c.requests})
		if c.victims > 0 {
			s.put(results.Metric{Name: "failover.distinct_instances", Labels: labels, Unit: "count", Better: "lower",
				Value: float64(c.distinct) / float64(c.victims), N: c.victims})
		}
	}
}
