package analysis

import (
	"slices"
	"time"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// finalShare is the part of a run at its end in which the skew that pool changes left behind is seen.
const finalShare = 10 // a tenth

// final counts answers by instance in the last tenth of the run: the average over all of it would mix
// what was before a restart or a scale-out with what came of it.
type final struct {
	from, to clock.Time
	served   map[string]int64
}

func newFinal(run results.Run, duration time.Duration) *final {
	end := run.Start.Add(duration)
	return &final{from: max(run.Measured, end.Add(-duration/finalShare)), to: end, served: map[string]int64{}}
}

func (f *final) add(e *results.Exchange) {
	if e.Failure == results.Answered && e.Status < 500 && e.Done >= f.from && e.Done < f.to {
		f.served[e.Instance]++
	}
}

// report puts max over mean, and the mean of the instances that were never out over that of all.
func (f *final) report(s *sheet, run results.Run, p *pool) {
	var loads []float64
	total, weight, steady, steadyWeight := 0.0, 0.0, 0.0, 0.0
	for _, i := range run.Instances {
		load := float64(f.served[i.Name])
		loads, total, weight = append(loads, load), total+load, weight+i.Weighs()
		if !slices.ContainsFunc(p.outages, func(o outage) bool { return o.instance == i.Name }) {
			steady, steadyWeight = steady+load, steadyWeight+i.Weighs()
		}
	}
	if total == 0 || len(p.outages) == 0 {
		return // without a pool change the whole run says it better
	}
	put := func(name string, value float64) {
		s.put(results.Metric{Name: "skew.final." + name, Unit: "ratio", Better: "lower", Value: value, N: int64(total)})
	}
	var weights stats.Weights
	if uneven := run.Weights(); uneven != nil {
		weights = stats.Relative(uneven)
	}
	put("max_over_mean", stats.SpreadOf(loads, weights).MaxOverMean)
	if steadyWeight > 0 {
		put("steady_over_mean", steady/steadyWeight/(total/weight))
	}
}
