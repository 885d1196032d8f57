package profiles

import (
	"math"
	"time"
)

// Arrivals is the schedule of session starts: the i-th arrival is user i. Every shard walks the
// same schedule and plays its own users.
type Arrivals struct {
	exp    *Experiment
	rng    Rand
	n      int
	work   float64 // cumulative expected arrivals at the last arrival
	stages []Stage
}

// Arrivals starts the schedule anew.
func (p *Plan) Arrivals() *Arrivals {
	a := &Arrivals{exp: p.exp, rng: seeded(p.exp.Seed, streamArrivals), stages: p.exp.Load.Stages}
	if len(a.stages) == 0 {
		a.stages = []Stage{{For: p.exp.Duration, Rate: p.exp.Load.Rate}}
	}
	return a
}

// Next gives the offset of the next arrival from the run's start; ok is false after the last.
func (a *Arrivals) Next() (offset time.Duration, ok bool) {
	if a.exp.Sessions > 0 && a.n >= a.exp.Sessions && a.exp.Load.Users == 0 {
		return 0, false
	}
	if a.exp.Load.Users > 0 {
		return a.closed()
	}
	if a.exp.Load.Arrivals == "constant" {
		a.work++
	} else {
		a.work += a.rng.Exponential()
	}
	a.n++
	offset, ok = a.invert(a.work)
	return offset, ok && offset < time.Duration(a.exp.Duration)
}

// closed staggers the users of a closed loop evenly over one mean think time, so that they do not
// all come at once, but over half of the run at most.
func (a *Arrivals) closed() (time.Duration, bool) {
	if a.n >= a.exp.Load.Users {
		return 0, false
	}
	window := min(a.exp.slowest(), time.Duration(a.exp.Duration)/2)
	at := time.Duration(float64(window) * float64(a.n) / float64(a.exp.Load.Users))
	a.n++
	return at, true
}

// slowest is the longest mean think time of the mix, at least a second.
func (e *Experiment) slowest() time.Duration {
	longest := 1.0
	for _, p := range e.Mix.Profiles {
		longest = max(longest, min(p.Profile.Think.Mean()/e.Speedup, longestThink.Seconds()))
	}
	return time.Duration(longest * float64(time.Second))
}

// invert finds when the cumulative rate reaches work: a Poisson process of changing rate is a unit
// process in rescaled time (Çinlar, Introduction to Stochastic Processes, 1975, ch. 4.7).
func (a *Arrivals) invert(work float64) (time.Duration, bool) {
	var before time.Duration
	from := 0.0
	for _, s := range a.stages {
		length := time.Duration(s.For).Seconds()
		if !s.Ramp {
			from = s.Rate
		}
		area := (from + s.Rate) / 2 * length
		if work < area {
			return before + time.Duration(within(work, from, s.Rate, length)*float64(time.Second)), true
		}
		work -= area
		from, before = s.Rate, before+time.Duration(s.For)
	}
	return 0, false
}

// within solves from·t + (to−from)/(2·length)·t² = work for t.
func within(work, from, to, length float64) float64 {
	slope := (to - from) / length
	if slope == 0 {
		return work / from
	}
	return (math.Sqrt(max(0, from*from+2*slope*work)) - from) / slope // rounding may pass 0 at the end of a ramp down
}
