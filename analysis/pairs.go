package analysis

import (
	"cmp"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// pairs are what a gate on a change rests on: block by block, the reports of the candidate and of the
// baseline under the same load.
type pairs struct{ candidate, baseline []*results.Report }

const needsBaseline = "a change needs a baseline: stickybench gate DIR --baseline OTHER, or a comparison's directory"

// check judges a gate on a change. The second result is the one-sided p of a failure, for Holm.
func (p *pairs) check(g gate) (results.Check, float64) {
	c := results.Check{Gate: g.text, Verdict: results.Inconclusive}
	if p == nil {
		c.Why = needsBaseline
		return c, 1
	}
	if len(p.candidate) == 0 {
		c.Why = "no paired block is finished"
		return c, 1
	}
	first, why := g.series(p.candidate)
	second, whyNot := g.series(p.baseline)
	switch {
	case why != "":
		c.Verdict, c.Why = results.Invalid, "candidate: "+why
	case whyNot != "":
		c.Verdict, c.Why = results.Invalid, "baseline: "+whyNot
	case first.insufficient+second.insufficient != "":
		c.Why = cmp.Or(first.insufficient, second.insufficient)
	case len(first.values) == 1:
		return g.single(first.Metric, second.Metric)
	default:
		check, weak := g.paired(first.values, second.values)
		return g.holdsEnough(check, first, second), weak
	}
	return c, 1
}

// holdsEnough takes back a pass on broken sessions that the blocks hold too few sessions for: arms that never
// broke one differ by nothing in every block, however short.
func (g gate) holdsEnough(c results.Check, first, second figure) results.Check {
	if c.Verdict != results.Pass || g.metric != brokenRatio || g.change != difference {
		return c
	}
	if all, _ := g.single(first.mean(), second.mean()); all.Verdict != results.Pass {
		c.Verdict, c.Lo, c.Hi = results.Inconclusive, all.Lo, all.Hi
		c.Why = "all blocks together hold too few sessions for so small a limit: lengthen the duration, raise the rate, or play more blocks"
	}
	return c
}

// series is the gate's metric in each block.
func (g gate) series(blocks []*results.Report) (f figure, why string) {
	for i, r := range blocks {
		var named []results.Metric
		for _, m := range r.Metrics {
			if m.Name == g.metric {
				named = append(named, m)
			}
		}
		m, why := g.pick(r, named)
		if why == "" && empty(r, m) {
			why = "there is no data"
		}
		if why != "" {
			return f, fmt.Sprintf("block %d: %s", i+1, why)
		}
		if i == 0 {
			f.Metric = m
		}
		f.values, f.blocks = append(f.values, m.Value), append(f.blocks, m)
		if len(m.Warnings) > 0 && f.insufficient == "" {
			f.insufficient = fmt.Sprintf("block %d: %s", i+1, m.Warnings[0])
		}
	}
	return f, ""
}

// sign turns a change into harm: for > it is harm to fall.
func (g gate) sign() float64 {
	if g.op[0] == '>' {
		return -1
	}
	return 1
}

// harm gives each block's harm and the margin that it may reach: logarithms of the ratio for a share.
func (g gate) harm(candidate, baseline []float64) (harm []float64, margin float64, why string) {
	harm = stats.Differences(candidate, baseline)
	margin = g.sign() * g.limit
	if g.change == ofBaseline {
		for i := range harm {
			if !(candidate[i] > 0) || !(baseline[i] > 0) {
				return nil, 0, fmt.Sprintf("block %d: a share of %.3g is no measure; give the change in the metric's own unit, such as +0.1pp or +2ms",
					i+1, min(candidate[i], baseline[i]))
			}
			harm[i] = math.Log(candidate[i] / baseline[i])
		}
		margin = g.sign() * math.Log1p(g.limit)
	}
	for i := range harm {
		harm[i] *= g.sign()
	}
	return harm, margin, ""
}

// shown turns harm back into the change that people read.
func (g gate) shown(harm float64) float64 {
	if g.change == ofBaseline {
		return math.Expm1(g.sign() * harm)
	}
	return g.sign() * harm
}

// paired judges a change over blocks by its one-sided 95 % bounds against the margin.
func (g gate) paired(candidate, baseline []float64) (results.Check, float64) {
	c := results.Check{Gate: g.text, Verdict: results.Inconclusive}
	harm, margin, why := g.harm(candidate, baseline)
	if why != "" {
		c.Why = why
		return c, 1
	}
	verdict, lower, upper := stats.Against(harm, margin)
	g.show(&c, stats.Mean(harm).Value, lower, upper, stat.Mean(baseline, nil))
	if k := len(harm); k < leastBlocks {
		c.Why = fmt.Sprintf("%d of at least %d paired blocks: %s would decide it", k, leastBlocks, moreBlocks(harm, margin))
		return c, 1
	}
	c.Verdict = verdict
	if verdict == results.Inconclusive {
		c.Why = fmt.Sprintf("the limit lies inside the 95 %% bounds; %s would decide it", moreBlocks(harm, margin))
	}
	return c, stats.ExceedsP(harm, margin)
}

// show fills in what is said of a change, in the metric's direction.
func (g gate) show(c *results.Check, harm, lower, upper, baseline float64) {
	c.Value, c.Baseline, c.Unit = g.shown(harm), &baseline, g.changeUnit()
	lo, hi := g.shown(lower), g.shown(upper)
	if lo > hi {
		lo, hi = hi, lo
	}
	c.Lo, c.Hi = &lo, &hi
}

func (g gate) changeUnit() string {
	q, ok := results.Describe(g.metric)
	switch {
	case g.change == ofBaseline || !ok:
		return results.Ratio
	case q.Unit == results.Ratio:
		return results.Points
	}
	return q.Unit
}

// mostAdvised is beyond what anybody would wait for.
const mostAdvised = 1000

// moreBlocks advises how many further blocks decide, should the change stay what it seems to be.
func moreBlocks(harm []float64, margin float64) string {
	gap := math.Abs(margin - stat.Mean(harm, nil))
	want := leastBlocks
	if len(harm) > 1 {
		if ratio := stats.Deviation(harm) / gap; !(ratio < mostAdvised) {
			return fmt.Sprintf("more than %d more blocks", mostAdvised)
		}
		want = max(want, stats.Blocks(stats.Deviation(harm), gap))
	}
	switch more := max(1, want-len(harm)); {
	case more > mostAdvised:
		return fmt.Sprintf("more than %d more blocks", mostAdvised)
	case more == 1:
		return "1 more block"
	default:
		return fmt.Sprintf("%d more blocks", more)
	}
}

// single judges a difference of two runs that both carry intervals, by the square-and-add method
// (Newcombe, Statistics in Medicine 17, 1998; Zou and Donner 27, 2008). Other figures of two runs have
// no error to judge by: whatever else changed between the runs is in them.
func (g gate) single(a, b results.Metric) (results.Check, float64) {
	c := results.Check{Gate: g.text, Verdict: results.Inconclusive}
	if g.change != difference || a.Lo == nil || a.Hi == nil || b.Lo == nil || b.Hi == nil {
		c.Why = fmt.Sprintf("one pair of runs says nothing about its own error: %d more blocks would decide it (stickybench compare)", leastBlocks-1)
		if a.Lo != nil && g.change == ofBaseline {
			c.Why = "two runs can be judged by the difference: write the change as +0.1pp; or measure paired blocks (stickybench compare)"
		}
		return c, 1
	}
	if g.sign() < 0 {
		a, b = b, a
	}
	harm, margin := a.Value-b.Value, g.sign()*g.limit
	below := math.Hypot(a.Value-*a.Lo, *b.Hi-b.Value)
	above := math.Hypot(*a.Hi-a.Value, b.Value-*b.Lo)
	base := b.Value
	if g.sign() < 0 {
		base = a.Value
	}
	g.show(&c, harm, harm-below, harm+above, base)
	switch {
	case harm+above < margin:
		c.Verdict = results.Pass
	case harm-below > margin:
		c.Verdict = results.Fail
	default:
		c.Why = "the limit lies inside the 95 % bounds; more sessions, or paired blocks (stickybench compare), would decide it"
	}
	return c, distuv.UnitNormal.Survival((harm - margin) / max(below/1.96, 1e-300))
}

// correct takes back failures that are too weak beside the other gates on changes (Holm). All must
// pass, which needs no correction. Strength has 0 for gates that are not on a change.
func correct(checks []results.Check, strength []float64) {
	var ps []float64
	var of []int
	for i, p := range strength {
		if checks[i].Baseline != nil {
			ps, of = append(ps, p), append(of, i)
		}
	}
	for i, p := range stats.Holm(ps) {
		if c := &checks[of[i]]; c.Verdict == results.Fail && p > 0.05 {
			c.Verdict, c.Why = results.Inconclusive, fmt.Sprintf("too weak beside the other gates: p = %.2g with Holm's correction", p)
		}
	}
}
