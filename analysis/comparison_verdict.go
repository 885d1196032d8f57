package analysis

import (
	"fmt"
	"strings"
	"time"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// leastBlocks is how few blocks may carry a verdict (method: never below 6).
const leastBlocks = 6

// verdict: an unfit machine outranks everything, then a requirement that failed, then too little data.
func (c *comparison) verdict(r *results.Report, finished int) (results.Verdict, []string) {
	reasons := []string{c.sentence(r)}
	if len(c.causes) > 0 {
		return results.Invalid, append(append(c.causes, "half or more of the blocks were invalid: no figure is trusted"), reasons...)
	}
	worst, why := gated(r.Checks)
	reasons = append(reasons, why...)
	lacking := c.lacking(r, finished)
	if worst != results.Fail && len(lacking) > 0 {
		worst = results.Inconclusive
	}
	return worst, append(reasons, lacking...)
}

// lacking says what the comparison would need to be conclusive.
func (c *comparison) lacking(r *results.Report, finished int) (reasons []string) {
	if finished < c.plan.Blocks {
		reasons = append(reasons, fmt.Sprintf("%d of %d blocks are finished: repeat the command line to go on", finished, c.plan.Blocks))
	}
	if n := len(c.blocks); n < leastBlocks {
		reasons = append(reasons, fmt.Sprintf("%d blocks are too few for a verdict: use at least %d", n, leastBlocks))
	}
	if m, ok := r.Find("saving.p50", nil); !ok || len(m.Warnings) > 0 {
		reasons = append(reasons, "too few answers to compare the medians: lengthen the duration or raise the rate")
	}
	return reasons
}

// marginChecks require that the first arm is nowhere slower than the second by more than the margin.
// All must pass, which needs no correction; a failure is declared with Holm's.
func (c *comparison) marginChecks() (checks []results.Check) {
	if c.plan.Margin == 0 {
		return nil
	}
	margin, ps := c.plan.Margin.Seconds(), []float64{}
	for _, point := range compared[1:] {
		check, p := c.marginCheck(point, margin)
		checks, ps = append(checks, check), append(ps, p)
	}
	for i, p := range stats.Holm(ps) {
		if checks[i].Verdict == results.Fail && p > 0.05 {
			checks[i].Verdict, checks[i].Why = results.Inconclusive, fmt.Sprintf("too weak beside the other quantiles: p = %.2g with Holm's correction", p)
		}
	}
	return checks
}

func (c *comparison) marginCheck(point string, margin float64) (results.Check, float64) {
	first, ok := c.figure(0, "latency.response."+point, nil)
	second, too := c.figure(1, "latency.response."+point, nil)
	check := results.Check{Verdict: results.Inconclusive, Gate: fmt.Sprintf("%s at most %v slower than %s at %s",
		c.plan.Arms[0].Name, c.plan.Margin, c.plan.Arms[1].Name, point)}
	if insufficient := first.insufficient + second.insufficient; !ok || !too || insufficient != "" {
		check.Why = "there is too little data"
		return check, 1
	}
	harm := stats.Differences(first.values, second.values)
	if len(harm) < 2 {
		check.Why = "one block has no interval"
		return check, 1
	}
	verdict, lower, upper := stats.Against(harm, margin)
	check.Verdict, check.Value, check.Lo, check.Hi = verdict, stats.Mean(harm).Value, &lower, &upper
	if verdict == results.Inconclusive {
		check.Why = fmt.Sprintf("the margin lies inside the one-sided 95 %% bounds; arms that do not differ would need %d blocks to pass",
			stats.Blocks(stats.Deviation(harm), margin))
	}
	return check, stats.ExceedsP(harm, margin)
}

// sentence is the finding in one line: what is saved, what it costs, under which conditions.
func (c *comparison) sentence(r *results.Report) string {
	text := c.savingText(r)
	if equal := c.equalText(r); equal != "" {
		text += "; " + equal
	}
	if cost := c.costText(r); cost != "" {
		text += "; " + cost
	}
	return text + "; " + c.conditions(r)
}

func (c *comparison) savingText(r *results.Report) string {
	first, second := c.plan.Arms[0].Name, c.plan.Arms[1].Name
	m, ok := r.Find("saving.p50", nil)
	ratio, _ := r.Find("saving.p50_ratio", nil)
	switch {
	case !ok || m.Lo == nil:
		return fmt.Sprintf("%s against %s: too little data for an interval", first, second)
	case *m.Lo > 0:
		return fmt.Sprintf("%s answers %s faster than %s at the median, %.2g %% (%.2g to %.2g %%)",
			first, interval(m.Value, *m.Lo, *m.Hi), second, 100*ratio.Value, 100**ratio.Lo, 100**ratio.Hi)
	case *m.Hi < 0:
		return fmt.Sprintf("%s answers %s slower than %s at the median", first, interval(-m.Value, -*m.Hi, -*m.Lo), second)
	}
	return fmt.Sprintf("no difference between %s and %s at the median is seen: %s", first, second, interval(m.Value, *m.Lo, *m.Hi))
}

// equalText is the saving where the hottest instances are equally hot: skew can eat it.
func (c *comparison) equalText(r *results.Report) string {
	equal, ok := c.plan.EqualCPU()
	m, found := r.Find("saving.p50", map[string]string{"at": "equal-cpu"})
	if !ok || !found || m.Lo == nil {
		return ""
	}
	text := interval(m.Value, *m.Lo, *m.Hi) + " faster"
	switch {
	case *m.Hi < 0:
		text = interval(-m.Value, -*m.Hi, -*m.Lo) + " slower"
	case *m.Lo <= 0:
		text = "no difference is seen: " + interval(m.Value, *m.Lo, *m.Hi)
	}
	return fmt.Sprintf("with its hottest instance as hot as the other's (%d instances against %d) %s", r.Runs[equal].Backends, r.Runs[1].Backends, text)
}

// interval writes seconds as milliseconds with their bounds.
func interval(value, lo, hi float64) string {
	return fmt.Sprintf("%.3g ms (95 %%: %.3g to %.3g ms)", 1e3*value, 1e3*lo, 1e3*hi)
}

// costText tells of skew and of lost sessions, first arm against second.
func (c *comparison) costText(r *results.Report) string {
	var parts []string
	pair := func(name, format string) {
		first, ok := r.Find(name, map[string]string{"arm": c.plan.Arms[0].Name})
		second, too := r.Find(name, map[string]string{"arm": c.plan.Arms[1].Name})
		if ok && too {
			parts = append(parts, fmt.Sprintf(format, first.Value, second.Value))
		}
	}
	pair("skew.requests.max_over_mean", "the hottest instance serves %.2f× the mean against %.2f×")
	pair("failover.lost_per_crash", "a crash loses %.3g sessions against %.3g")
	if m, ok := r.Find("cost.extra_instances", nil); ok && m.Lo != nil && *m.Lo > 0 {
		parts = append(parts, fmt.Sprintf("to bring its hottest down to the other's takes %.2g more instances (95 %%: %.2g to %.2g)", m.Value, *m.Lo, *m.Hi))
	}
	if m, ok := r.Find("cost.break_even_operation", nil); ok {
		parts = append(parts, breakEvenText(m))
	}
	return strings.Join(parts, ", ")
}

func breakEvenText(m results.Metric) string {
	switch {
	case m.Hi != nil && *m.Hi <= 0:
		return "stickiness pays even against a store that takes no time"
	case m.Lo == nil:
		return fmt.Sprintf("stickiness pays while a store operation takes longer than %.2g ms", 1e3*max(0, m.Value))
	}
	return fmt.Sprintf("stickiness pays while a store operation takes longer than %.2g ms (95 %%: %.2g to %.2g ms)",
		1e3*max(0, m.Value), 1e3*max(0, *m.Lo), 1e3**m.Hi)
}

func (c *comparison) conditions(r *results.Report) string {
	second := map[string]string{"arm": c.plan.Arms[1].Name}
	get := func(name string) float64 { m, _ := r.Find(name, second); return m.Value }
	run := r.Runs[1]
	text := fmt.Sprintf("measured with mix %s on %d instances at %.3g requests/s, handler p50 %.3g ms", run.Mix, run.Backends,
		get("requests.rate"), 1e3*get("latency.handler.p50"))
	if k := get("store.operations_per_request"); k > 0 {
		text += fmt.Sprintf(", %.2g operations on store %s per request taking %.3g ms", k, run.Store, 1e3*get("latency.store.p50"))
	}
	if injected := get("store.injected.p50"); injected > 0 {
		text += fmt.Sprintf(", %.3g ms of each injected distance", 1e3*injected)
	}
	text += ", " + run.CPU()
	return text + fmt.Sprintf(", %d blocks of %v", len(c.blocks), time.Duration(1e9*run.Duration/float64(len(c.blocks))).Round(100*time.Millisecond))
}
