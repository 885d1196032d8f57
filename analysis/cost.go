package analysis

import (
	"fmt"
	"math"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// reportCosts puts what the first arm costs against the second, and from where on it pays.
func (c *comparison) reportCosts(s *sheet) {
	c.reportExtraInstances(s)
	c.reportBreakEven(s, 0, nil)
	if equal, ok := c.plan.EqualCPU(); ok {
		c.reportBreakEven(s, equal, map[string]string{"at": "equal-cpu"})
	}
	for arm := range c.plan.Arms {
		c.reportLossesPerDay(s, arm)
	}
}

// reportExtraInstances is what the skew of the first arm costs: so many more instances until its
// hottest one is no hotter than the second arm's.
func (c *comparison) reportExtraInstances(s *sheet) {
	first, ok := c.figure(0, "skew.cpu.hottest", nil)
	second, too := c.figure(1, "skew.cpu.hottest", nil)
	if !ok || !too {
		return
	}
	n, i := float64(c.blocks[0][0].Runs[0].Backends), stats.Ratio(first.values, second.values)
	extra := stats.Interval{Value: n * (i.Value - 1), Lo: n * (i.Lo - 1), Hi: n * (i.Hi - 1), N: i.N}
	s.put(over(results.Metric{Name: "cost.extra_instances", Unit: "count", Better: "lower"}, extra))
}

// leastOperations is how many store operations per request an arm must save before the time of one
// can be told.
const leastOperations = 0.1

// reportBreakEven is the time of a store operation at which the arm's mean response time is the second
// arm's: stickiness pays while operations take longer. Means are used because only they subtract.
func (c *comparison) reportBreakEven(s *sheet, arm int, labels map[string]string) {
	fast, ok := c.figure(arm, "latency.response.mean", nil)
	slow, too := c.figure(1, "latency.response.mean", nil)
	if !ok || !too {
		return
	}
	var values []float64
	for block := range c.blocks {
		seconds, operations := c.storeTime(block, 1)
		less, fewer := c.storeTime(block, arm)
		if seconds, operations = seconds-less, operations-fewer; operations < leastOperations {
			return
		}
		values = append(values, (seconds-(slow.values[block]-fast.values[block]))/operations)
	}
	s.put(over(results.Metric{Run: arm, Name: "cost.break_even_operation", Labels: labels, Unit: "seconds", Better: "lower"}, stats.Mean(values)))
}

// storeTime is the seconds and the operations that a request of the arm spends on its store, on average.
func (c *comparison) storeTime(block, arm int) (seconds, operations float64) {
	report := c.blocks[block][arm]
	time, ok := report.Find("latency.store.mean", nil)
	all, too := report.Find("latency.response.mean", nil)
	count, also := report.Find("store.operations_per_request", nil)
	if !ok || !too || !also || all.N == 0 {
		return 0, 0
	}
	return time.Value * float64(time.N) / float64(all.N), count.Value
}

// reportLossesPerDay scales the losses of a crash and of a rolling deploy to a day.
func (c *comparison) reportLossesPerDay(s *sheet, arm int) {
	crash, ok := c.figure(arm, "failover.lost_per_crash", nil)
	if !ok {
		return
	}
	labels := map[string]string{"arm": c.plan.Arms[arm].Name}
	m := results.Metric{Run: arm, Name: "cost.lost_sessions_per_day", Labels: labels, Unit: "count", Better: "lower"}
	deploy, measured := c.figure(arm, "failover.lost_per_deploy", nil)
	instances := c.blocks[0][arm].Runs[0].Backends
	var values []float64
	for i, lost := range crash.values {
		rolled := float64(instances) * lost
		if measured {
			rolled = deploy.values[i]
		}
		values = append(values, c.plan.CrashesPerDay*lost+c.plan.DeploysPerDay*rolled)
	}
	i := stats.Mean(values)
	i.Lo, i.Hi = max(0, i.Lo), max(0, i.Hi)
	m = over(m, i)
	if !measured {
		m.Warnings = []string{fmt.Sprintf("losses per day: the run made no rolling deploy; one is taken as %d crashes", instances)}
	}
	s.put(m)
}

// EqualCPU says how many instances the first arm needs until its hottest is as hot as the second's, by
// the pilot block of the comparison.
func EqualCPU(d *results.ComparisonDir) (instances int, err error) {
	row, err := analyzeBlock(d, results.Pilot)
	if err != nil {
		return 0, err
	}
	n := row[0].Runs[0].Backends
	first, ok := row[0].Find("skew.cpu.hottest", nil)
	second, too := row[1].Find("skew.cpu.hottest", nil)
	if !ok || !too || first.Value <= 0 || second.Value <= 0 {
		return n, nil
	}
	return max(1, int(math.Ceil(float64(n)*first.Value/second.Value-1e-9))), nil
}
