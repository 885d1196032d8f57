package profiles

import (
	"math"
	"time"
)

// Arrivals is the schedule of session starts: the i-th arrival is user i. Every shard walks the
// same schedule and plays its own users.
type Arrivals struct {
	exp   *Experiment
	rng   Rand
	n     int
	work  float64 // cumulative expected arrivals at the last arrival
	curve curve
}

// Arrivals starts the schedule anew.
func (p *Plan) Arrivals() *Arrivals {
	return &Arrivals{exp: p.exp, rng: seeded(p.exp.Seed, streamArrivals), curve: p.exp.curve()}
}

// Next gives the offset of the next arrival from the run's start; ok is false after the last.
func (a *Arrivals) Next() (offset time.Duration, ok bool) {
	load := &a.exp.Load
	if a.exp.Sessions > 0 && a.n >= a.exp.Sessions && load.Users == 0 {
		return 0, false
	}
	switch {
	case load.Users > 0:
		offset, ok = a.closed()
	case load.Trace != "":
		offset, ok = a.traced()
	default:
		offset, ok = a.open()
	}
	a.n++
	return offset, ok && offset < time.Duration(a.exp.Duration)
}

func (a *Arrivals) open() (time.Duration, bool) {
	if a.exp.Load.Arrivals == "constant" {
		a.work++
	} else {
		a.work += a.rng.Exponential()
	}
	return a.curve.invert(a.work)
}

func (a *Arrivals) traced() (time.Duration, bool) {
	if a.n >= len(a.exp.Load.TraceTimes) {
		return 0, false
	}
	return a.exp.Load.TraceTimes[a.n], true
}

// closed staggers the users of a closed loop evenly over one mean think time, so that they do not
// all come at once, but over half of the run at most.
func (a *Arrivals) closed() (time.Duration, bool) {
	if a.n >= a.exp.Load.Users {
		return 0, false
	}
	window := min(a.exp.slowest(), time.Duration(a.exp.Duration)/2)
	return time.Duration(float64(window) * float64(a.n) / float64(a.exp.Load.Users)), true
}

// slowest is the longest mean think time of the mix, at least a second.
func (e *Experiment) slowest() time.Duration {
	longest := 1.0
	for _, p := range e.Mix.Profiles {
		longest = max(longest, min(p.Profile.Think.Mean()/e.Speedup, longestThink.Seconds()))
	}
	return time.Duration(longest * float64(time.Second))
}

// curve is an arrival rate over time. invert finds when the cumulative rate reaches work; ok is false
// when it never does. A Poisson process of changing rate is a unit process in rescaled time (Çinlar,
// Introduction to Stochastic Processes, 1975, ch. 4.7).
type curve interface {
	invert(work float64) (offset time.Duration, ok bool)
}

func (e *Experiment) curve() curve {
	switch l := e.Load; {
	case l.Sine != nil:
		return l.Sine
	case l.Spike != nil:
		return l.Spike.stages(e.Duration)
	case len(l.Stages) > 0:
		return stages(l.Stages)
	}
	return stages{{For: e.Duration, Rate: e.Load.Rate}}
}

var (
	_ curve = stages(nil)
	_ curve = (*Sine)(nil)
)

type stages []Stage

func (list stages) invert(work float64) (time.Duration, bool) {
	var before time.Duration
	from := 0.0
	for _, s := range list {
		length := time.Duration(s.For).Seconds()
		if !s.Ramp {
			from = s.Rate
		}
		area := (from + s.Rate) / 2 * length
		if work < area {
			return before + seconds(within(work, from, s.Rate, length)), true
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

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// stages are the spike's, up to the end of the run.
func (s *Spike) stages(duration Duration) (list stages) {
	flank := func(length Duration, rate float64) {
		if length > 0 {
			list = append(list, Stage{For: length, Rate: rate, Ramp: true})
		}
	}
	if s.At > 0 {
		list = append(list, Stage{For: s.At, Rate: s.Base})
	} else if s.Rise > 0 {
		list = append(list, Stage{For: 1, Rate: s.Base}) // a ramp begins at the rate before it
	}
	flank(s.Rise, s.Peak)
	list = append(list, Stage{For: s.Hold, Rate: s.Peak})
	flank(s.Fall, s.Base)
	return append(list, Stage{For: duration, Rate: s.Base})
}

// cumulative is the expected number of arrivals until t, in seconds.
func (s *Sine) cumulative(t float64) float64 {
	angular := 2 * math.Pi / time.Duration(s.Period).Seconds()
	return s.Mean*t + s.Amplitude/angular*(1-math.Cos(angular*t))
}

// invert halves an interval around the answer down to a nanosecond: the wave moves an arrival by at most
// a period from where the mean rate puts it.
func (s *Sine) invert(work float64) (time.Duration, bool) {
	period := time.Duration(s.Period).Seconds()
	low, high := max(0, work/s.Mean-period), work/s.Mean+period
	for high-low > 1e-9*max(1, high/1e6) {
		middle := (low + high) / 2
		if s.cumulative(middle) < work {
			low = middle
		} else {
			high = middle
		}
	}
	return seconds(high), true
}
