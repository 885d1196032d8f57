package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/stickybench/stickybench/results"
)

// Limits beyond which the generator or the host was the bottleneck (method, section 5.7).
const (
	lagLimit   = time.Millisecond
	leastLoad  = 0.98
	stealLimit = 0.02

	littleLimit    = 0.25
	leastForLittle = 1000 // requests
	busyShard      = 0.9  // share of its thread's time
)

func reportGenerator(s *sheet, r results.Run, wall time.Duration) {
	g := r.Generator
	if g.Offered == 0 {
		return
	}
	n := int64(g.Sent)
	s.put(results.Metric{Name: "generator.lag.p50", Unit: "seconds", Better: "lower", Value: g.LagP50.Seconds(), N: n})
	s.put(results.Metric{Name: "generator.lag.p99", Unit: "seconds", Better: "lower", Value: g.LagP99.Seconds(), N: n})
	s.ratio("generator.achieved_ratio", "higher", g.Sent, g.Offered)
	if wall > 0 && r.Host.Cores > 0 {
		share := g.CPU.Seconds() / (wall.Seconds() * float64(r.Host.Cores))
		s.put(results.Metric{Name: "generator.cpu_share", Unit: "ratio", Better: "lower", Value: share, N: 1})
	}
	if g.Service > 0 {
		s.put(results.Metric{Name: "generator.littles_law", Unit: "ratio", Better: "", Value: littlesLaw(g), N: n})
	}
	s.put(results.Metric{Name: "generator.gc_pauses", Unit: "seconds", Better: "lower", Value: g.GCPauses.Seconds(), N: n})
	s.put(results.Metric{Name: "generator.gc_longest", Unit: "seconds", Better: "lower", Value: g.GCLongest.Seconds(), N: n})
	s.put(results.Metric{Name: "generator.recording_held", Unit: "seconds", Better: "lower", Value: g.RecordingHeld.Seconds(), N: n})
	s.put(results.Metric{Name: "generator.recording_longest", Unit: "seconds", Better: "lower", Value: g.RecordingLongest.Seconds(), N: n})
	s.put(results.Metric{Name: "generator.dropped", Unit: "count", Better: "lower", Value: float64(g.Dropped), N: int64(g.Offered)})
}

// littlesLaw is the mean number of requests in flight, as the loop counted them, over the rate times the mean
// time from sent to done (Little, A Proof for the Queuing Formula L = λW, Operations Research 9, 1961). It is 1
// when answers are seen as they come; above, they waited for the loop.
func littlesLaw(g results.Generator) float64 { return float64(g.InFlight) / float64(g.Service) }

// invalid says why the run measured its own machine, and what to change.
func invalid(r results.Run, samples []results.Sample) (causes []string) {
	g := r.Generator
	if g.LagP99 > lagLimit {
		causes = append(causes, fmt.Sprintf("the generator was %v late at p99 (limit %v)%s", g.LagP99.Round(10*time.Microsecond), lagLimit, lateness(r)))
	}
	if g.Offered > 0 && float64(g.Sent) < leastLoad*float64(g.Offered) {
		causes = append(causes, fmt.Sprintf("only %d of %d offered requests were sent (least 98 %%): lower the rate, or raise max_users and the limit of open files", g.Sent, g.Offered))
	}
	if share := steal(r, samples); share > stealLimit {
		causes = append(causes, fmt.Sprintf("the host lost %.1f %% of its CPU to steal (limit 2 %%): use a quieter machine", 100*share))
	}
	if law := littlesLaw(g); g.Sent >= leastForLittle && math.Abs(law-1) > littleLimit {
		causes = append(causes, fmt.Sprintf("requests in flight and service times disagree by %.0f %% (Little's law, limit %.0f %%): answers waited in the generator; lower the rate or free cores", 100*(law-1), 100*littleLimit))
	}
	return causes
}

// lateness is the likeliest cause of a late generator, and what to change.
func lateness(r results.Run) string {
	g := r.Generator
	wall := r.End.Sub(r.Start)
	switch {
	case g.GCLongest > lagLimit:
		return fmt.Sprintf(": the collector stopped it for up to %v; lower the rate or the number of users", g.GCLongest)
	case g.RecordingLongest > lagLimit:
		return fmt.Sprintf(": the disk kept it waiting for up to %v to take the records; use a faster one for --out", g.RecordingLongest.Round(10*time.Microsecond))
	case wall > 0 && g.Shards > 0 && float64(g.CPU) > busyShard*float64(wall)*float64(g.Shards):
		return fmt.Sprintf(": its %d threads were busy all the time; raise --shards or lower the rate", g.Shards)
	}
	return ": something else had the cores; lower the rate or free cores"
}

// steal is the share of the host's CPU taken by others between the first and last measured sample.
func steal(r results.Run, samples []results.Sample) float64 {
	var first, last *results.Sample
	for i, s := range samples {
		if s.Process != "host" || s.Time < r.Measured {
			continue
		}
		if first == nil || s.Time < first.Time {
			first = &samples[i]
		}
		if last == nil || s.Time > last.Time {
			last = &samples[i]
		}
	}
	if first == nil || last.Time == first.Time || r.Host.Cores == 0 {
		return 0
	}
	return float64(last.Steal-first.Steal) / (float64(last.Time.Sub(first.Time)) * float64(r.Host.Cores))
}
