package analysis

import (
	"fmt"
	"time"

	"github.com/stickybench/stickybench/results"
)

// Limits beyond which the generator or the host was the bottleneck (method, section 5.7).
const (
	lagLimit   = time.Millisecond
	leastLoad  = 0.98
	stealLimit = 0.02
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
	s.put(results.Metric{Name: "generator.dropped", Unit: "count", Better: "lower", Value: float64(g.Dropped), N: int64(g.Offered)})
}

// invalid says why the run measured its own machine, and what to change.
func invalid(r results.Run, samples []results.Sample) (causes []string) {
	g := r.Generator
	if g.LagP99 > lagLimit {
		causes = append(causes, fmt.Sprintf("the generator was %v late at p99 (limit %v): lower the rate or free cores", g.LagP99.Round(10*time.Microsecond), lagLimit))
	}
	if g.Offered > 0 && float64(g.Sent) < leastLoad*float64(g.Offered) {
		causes = append(causes, fmt.Sprintf("only %d of %d offered requests were sent (least 98 %%): lower the rate, or raise max_users and the limit of open files", g.Sent, g.Offered))
	}
	if share := steal(r, samples); share > stealLimit {
		causes = append(causes, fmt.Sprintf("the host lost %.1f %% of its CPU to steal (limit 2 %%): use a quieter machine", 100*share))
	}
	return causes
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
