package analysis

import (
	"fmt"
	"maps"
	"math"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// compared are the points of the response time that savings are given for.
var compared = [...]string{"mean", "p50", "p90", "p99"}

// reportSavings compares the first arm with the second, in all and by profile; further pairs are
// labelled with both arms.
func (c *comparison) reportSavings(s *sheet) {
	equal, _ := c.plan.EqualCPU()
	for a := range c.plan.Arms {
		for b := a + 1; b < len(c.plan.Arms); b++ {
			if a == 0 && b == 1 {
				c.reportSaving(s, a, b, nil, nil)
				continue
			}
			if a == equal || b == equal {
				continue
			}
			c.reportSaving(s, a, b, nil, map[string]string{"arm": c.plan.Arms[a].Name, "against": c.plan.Arms[b].Name})
		}
	}
	for _, by := range [...]string{"profile", "zone"} {
		for _, value := range c.timed(by) {
			labels := map[string]string{by: value}
			c.reportSaving(s, 0, 1, labels, labels)
		}
	}
	if equal >= 0 {
		c.reportSaving(s, equal, 1, nil, map[string]string{"at": "equal-cpu"})
	}
}

// timed are the profiles or zones that the first arm's first run timed, in its order.
func (c *comparison) timed(by string) (names []string) {
	for _, m := range c.blocks[0][0].Metrics {
		if name := m.Labels[by]; m.Name == "latency.response.mean" && name != "" {
			names = append(names, name)
		}
	}
	return names
}

// reportSaving puts how much faster arm a answers than arm b, in seconds and as a share of b's time.
func (c *comparison) reportSaving(s *sheet, a, b int, of, labels map[string]string) {
	for _, point := range compared {
		fast, ok := c.figure(a, "latency.response."+point, of)
		slow, too := c.figure(b, "latency.response."+point, of)
		if !ok || !too {
			continue
		}
		put := func(suffix, unit, better string, i stats.Interval) {
			s.put(over(results.Metric{Run: a, Name: "saving." + point + suffix, Labels: maps.Clone(labels), Unit: unit, Better: better},
				i, fast.insufficient, slow.insufficient))
		}
		differences := stats.Differences(slow.values, fast.values)
		put("", "seconds", "higher", stats.Mean(differences))
		put("_ratio", "ratio", "higher", saved(stats.Ratio(fast.values, slow.values)))
		if p := stats.SignFlip(differences); !math.IsNaN(p) {
			m := results.Metric{Run: a, Name: "saving." + point + "_p", Labels: maps.Clone(labels), Unit: "p", Value: p, N: int64(len(differences))}
			s.put(m)
		}
	}
}

// saved turns the ratio of two times into the share that is saved.
func saved(r stats.Interval) stats.Interval {
	return stats.Interval{Value: 1 - r.Value, Lo: 1 - r.Hi, Hi: 1 - r.Lo, N: r.N}
}

// within is the range of a figure; an interval over blocks does not leave it.
type within struct{ least, most float64 }

var (
	positive = within{0, math.Inf(1)}
	share    = within{0, 1}
	anything = within{math.Inf(-1), math.Inf(1)}
)

// armMetrics are shown side by side, arm by arm.
var armMetrics = [...]struct {
	name string
	within
}{
	{"latency.response.mean", positive}, {"latency.response.p50", positive}, {"latency.response.p90", positive}, {"latency.response.p99", positive},
	{"latency.handler.p50", positive}, {"latency.store.mean", positive}, {"latency.store.p50", positive}, {"latency.store.p99", positive},
	{"store.operations_per_request", positive}, {"store.round_trip.mean", positive}, {"store.injected.mean", positive}, {"store.injected.p50", positive},
	{"store.wait.mean", positive}, {"store.encode.mean", positive}, {"store.decode.mean", positive}, {"requests.count", positive}, {"requests.rate", positive}, {"errors.ratio", share},
	{"affinity.broken_ratio", share}, {"consistency.lost", positive}, {"failover.lost_per_crash", positive}, {"failover.lost_per_deploy", positive},
	{"skew.sessions.max_over_mean", positive}, {"skew.requests.max_over_mean", positive}, {"skew.requests.excess_cv", anything},
	{"skew.cpu.max_over_mean", positive}, {"skew.cpu.hottest", positive}, {"skew.cpu.mean", positive},
	{"skew.final.max_over_mean", positive}, {"skew.final.steady_over_mean", positive}, {"affinity.broken_sessions", positive}, {"affinity.excused_rebinds", positive},
	{"skew.cpu.headroom", anything}, {"skew.cpu.headroom_by_average", anything},
}

const brokenRatio = "affinity.broken_ratio"

// rangeOf is where a metric can lie; of one that is not shown by arm nothing is supposed.
func rangeOf(name string) within {
	for _, of := range armMetrics {
		if of.name == name {
			return of.within
		}
	}
	return anything
}

// reportArms puts each arm's own figures: the mean over blocks with its t interval.
func (c *comparison) reportArms(s *sheet) {
	for a, arm := range c.plan.Arms {
		for _, of := range armMetrics {
			f, ok := c.figure(a, of.name, nil)
			if !ok {
				continue
			}
			m := f.mean()
			m.Run, m.Labels = a, map[string]string{"arm": arm.Name}
			s.put(m)
		}
	}
}

// mean is the figure's mean over blocks with its t interval, within what it can be. Of sessions that broke the
// interval is at least that of all blocks' sessions together: six blocks without one prove no more than they hold.
func (f figure) mean() results.Metric {
	i, in := stats.Mean(f.values), rangeOf(f.Name)
	i.Lo, i.Hi = max(in.least, i.Lo), min(in.most, i.Hi)
	if f.Name == brokenRatio {
		var hit, of int64
		for _, m := range f.blocks {
			hit, of = hit+int64(math.Round(m.Value*float64(m.N))), of+m.N
		}
		lo, hi := stats.Proportion(hit, of)
		i.Lo, i.Hi = min(i.Lo, lo), max(i.Hi, hi)
	}
	return over(f.Metric, i, f.insufficient)
}

// quantileNote says why the saving at p99 is not the store's p99, with both figures.
func quantileNote(r *results.Report) string {
	saving, ok := r.Find("saving.p99", nil)
	if !ok || len(r.Runs) < 2 {
		return ""
	}
	store, ok := r.Find("latency.store.p99", map[string]string{"arm": r.Runs[1].Name})
	if !ok {
		return ""
	}
	return fmt.Sprintf("the saving at p99 (%.3g ms) is not the p99 of the store (%.3g ms): quantiles do not subtract, because the slowest store operations seldom meet the slowest handlers",
		1e3*saving.Value, 1e3*store.Value)
}
