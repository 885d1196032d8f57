package loadgen

import (
	"math"
	"runtime/metrics"
	"time"
)

// pauses are how long the collector has stopped the whole program, since its start.
type pauses struct{ *metrics.Float64Histogram }

func gcPauses() pauses {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	return pauses{sample[0].Value.Float64Histogram()}
}

// since gives the sum of the pauses after before, and the longest, each rounded up to the bounds of the
// runtime's histogram.
func (p pauses) since(before pauses) (sum, longest time.Duration) {
	for i, n := range p.Counts {
		n -= before.Counts[i]
		if n == 0 {
			continue
		}
		bound := p.Buckets[i+1]
		if math.IsInf(bound, 1) {
			bound = p.Buckets[i]
		}
		longest = time.Duration(bound * float64(time.Second))
		sum += time.Duration(n) * longest
	}
	return sum, longest
}
