package analysis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// Gate checks expressions such as `latency.response.p99{profile="bot"} < 250ms` against a report.
// Those on a change are inconclusive: one report has no baseline.
func Gate(r *results.Report, exprs []string) ([]results.Check, error) {
	return judgeGates(r, nil, exprs)
}

// judgeGates checks absolute gates against the report and those on a change against the pairs.
func judgeGates(r *results.Report, p *pairs, exprs []string) ([]results.Check, error) {
	checks, strength := make([]results.Check, 0, len(exprs)), make([]float64, 0, len(exprs))
	for _, text := range exprs {
		g, err := parseGate(text)
		if err != nil {
			return nil, err
		}
		metrics, err := g.known(r, p)
		if err != nil {
			return nil, err
		}
		check, weak := g.check(r, p, metrics), 0.0
		if g.change != absolute {
			check, weak = p.check(g)
		}
		checks, strength = append(checks, check), append(strength, weak)
	}
	correct(checks, strength)
	return checks, nil
}

// known gives the metrics of the gate's name. A name that nobody knows is a mistake in the gate; one
// that only this run did not measure is not.
func (g gate) known(r *results.Report, p *pairs) ([]results.Metric, error) {
	all := r.Metrics
	if p != nil && len(p.candidate) > 0 && g.change != absolute {
		all = p.candidate[0].Metrics
	}
	var found []results.Metric
	var names []string
	for _, m := range all {
		if names = append(names, m.Name); m.Name == g.metric {
			found = append(found, m)
		}
	}
	if _, ok := results.Describe(g.metric); !ok && len(found) == 0 {
		return nil, g.unknown(names)
	}
	if len(found) > 0 {
		return found, g.fits(found[0].Unit)
	}
	return nil, nil
}

// check is the outcome of an absolute gate.
func (g gate) check(r *results.Report, p *pairs, metrics []results.Metric) results.Check {
	c := results.Check{Gate: g.text, Verdict: results.Invalid}
	m, why := g.pick(r, metrics)
	if why != "" && r.Compares() && g.labels["arm"] == "" && g.labels["run"] == "" {
		m, why = g.ofArm(p)
	}
	c.Unit, c.Value, c.Lo, c.Hi = m.Unit, m.Value, m.Lo, m.Hi
	switch {
	case why != "":
		c.Why = why
	case empty(r, m):
		c.Why = "there is no data: nothing was measured that this is about"
	case len(m.Warnings) > 0:
		c.Verdict, c.Why = results.Inconclusive, m.Warnings[0]
	default:
		c.Verdict, c.Why = g.decide(m)
	}
	return c
}

// pick chooses the one metric with the gate's labels; the label "run" names a run of several.
func (g gate) pick(r *results.Report, metrics []results.Metric) (results.Metric, string) {
	want := maps.Clone(g.labels)
	run, named := want["run"]
	delete(want, "run")
	var found []results.Metric
	for _, m := range metrics {
		if maps.Equal(m.Labels, want) && (!named || runName(r, m.Run) == run) {
			found = append(found, m.Finite())
		}
	}
	switch {
	case len(found) == 1:
		return found[0], ""
	case len(found) > 1:
		return results.Metric{}, `several runs have it: name one with {run="…"}`
	case len(metrics) == 0:
		return results.Metric{}, "this run did not measure it"
	}
	return results.Metric{}, "the report has it only as " + labelSets(metrics)
}

// ofArm is the metric of the arm that is judged, over its blocks: a gate of an experiment that names no arm
// means the candidate.
func (g gate) ofArm(p *pairs) (results.Metric, string) {
	if p == nil || len(p.candidate) == 0 {
		return results.Metric{}, "no paired block is finished"
	}
	f, why := g.series(p.candidate)
	if why != "" {
		return results.Metric{}, why
	}
	return f.mean(), ""
}

func runName(r *results.Report, i int) string {
	if i < 0 || i >= len(r.Runs) {
		return ""
	}
	return r.Runs[i].Name
}

// shownLabels bounds how many labels an error lists.
const shownLabels = 8

// labelSets lists the labels that the metrics come with.
func labelSets(metrics []results.Metric) string {
	var sets []string
	for _, m := range metrics {
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
			pairs = append(pairs, fmt.Sprintf("%s=%q", name, m.Labels[name]))
		}
		set := "{" + strings.Join(pairs, ",") + "}"
		if !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	if more := len(sets) - shownLabels; more > 0 {
		sets = append(sets[:shownLabels], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(sets, " ")
}

// decide passes only when the whole interval does and fails only when none of it does. A figure that
// claims no interval is taken as it is.
func (g gate) decide(m results.Metric) (results.Verdict, string) {
	ends := [2]float64{m.Value, m.Value}
	if m.Lo != nil && g.ordered() {
		ends[0] = *m.Lo
	}
	if m.Hi != nil && g.ordered() {
		ends[1] = *m.Hi
	}
	low, high := g.holds(ends[0]), g.holds(ends[1])
	switch {
	case low && high:
		return results.Pass, ""
	case !low && !high:
		return results.Fail, ""
	}
	return results.Inconclusive, "the limit lies inside the interval" + g.moreData(m, ends)
}

func (g gate) ordered() bool { return g.op != "==" && g.op != "!=" }

// moreData says by which factor the data must grow until the interval leaves the limit, if the figure
// stays: its width falls with the root of the data.
func (g gate) moreData(m results.Metric, ends [2]float64) string {
	gap := math.Abs(g.limit - m.Value)
	side := ends[1] - m.Value
	if g.limit < m.Value {
		side = m.Value - ends[0]
	}
	factor := math.Pow(side/gap, 2)
	if m.Value == 0 && m.Unit == results.Ratio { // none seen: the bound is 3/n
		factor = side / gap
	}
	if gap == 0 || !(factor < 1000) {
		return ""
	}
	return fmt.Sprintf("; about %.1f times as much data would decide it", math.Ceil(10*factor)/10)
}

func (g gate) holds(v float64) bool {
	switch g.op {
	case "<":
		return v < g.limit
	case "<=":
		return v <= g.limit
	case ">":
		return v > g.limit
	case ">=":
		return v >= g.limit
	case "==":
		return v == g.limit
	}
	return v != g.limit
}

// empty says whether nothing was measured that m is about. A count of zero is data, if anything happened at all.
func empty(r *results.Report, m results.Metric) bool {
	requests, _ := r.Find("requests.count", nil)
	return m.N == 0 && (m.Unit != "count" || requests.N == 0)
}
