package loadgen

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// Options says what to play, against what, and where to record it.
type Options struct {
	Plan        *profiles.Plan
	Experiment  *profiles.Experiment
	URLs        []string   // http[s]://HOST[:PORT][/PATH] of each replica of the target: users' new connections go round them
	Start       clock.Time // due time of offset 0
	Log         *results.ExchangeLog
	Part, Parts int            // this process is part Part of Parts machines; zero = all
	Progress    func(Progress) // called about each 500 ms from its own goroutine; may be nil
}

// Summary is the generator's account of the run.
type Summary struct {
	results.Generator
	Intervals []results.Interval // response times of answered requests
	End       clock.Time
	Warnings  []string
}

// Progress is the run so far.
type Progress struct {
	Elapsed            time.Duration
	Users              int // sessions being played now
	Requests, Errors   uint64
	Rate               float64       // requests per second since the last call
	P50, P99           time.Duration // response time so far
	Sessions, Switched uint64        // Switched: answers from another instance than the one before, to clients that keep their marker
	InFlight           int
	Dropped            uint64 // never sent
	Instances          []InstanceShare
	Responses          []uint64      // answered requests within each of ResponseBounds
	ResponseSum        time.Duration // of all answered requests
	Answered           uint64
}

// InstanceShare is how many answers named an instance.
type InstanceShare struct {
	Name     string
	Requests uint64
}

// ResponseBounds are the upper bounds of Progress.Responses.
func ResponseBounds() []time.Duration {
	const us, ms = time.Microsecond, time.Millisecond
	return []time.Duration{100 * us, 250 * us, 500 * us, ms, 2500 * us, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms, time.Second, 2500 * ms, 5 * time.Second, 10 * time.Second}
}
