package analysis

import (
	"fmt"

	"github.com/stickybench/stickybench/results"
)

// Gate checks expressions such as `latency.response.p99{profile="bot"} < 250ms` against a report.
func Gate(r *results.Report, exprs []string) ([]results.Check, error) {
	checks := make([]results.Check, 0, len(exprs))
	for _, text := range exprs {
		g, err := parseGate(text)
		if err != nil {
			return nil, err
		}
		checks = append(checks, g.check(r))
	}
	return checks, nil
}

func (g gate) check(r *results.Report) results.Check {
	m, ok := r.Find(g.metric, g.labels)
	c := results.Check{Gate: g.text, Verdict: results.Inconclusive, Value: m.Value, Lo: m.Lo, Hi: m.Hi}
	switch {
	case !ok:
		c.Why = "the report has no such metric"
	case m.N == 0:
		c.Why = "there is no data"
	case len(m.Warnings) > 0:
		c.Why = m.Warnings[0]
	default:
		c.Verdict, c.Why = g.decide(m)
	}
	return c
}

// decide passes only when the whole interval does and fails only when none of it does.
func (g gate) decide(m results.Metric) (results.Verdict, string) {
	ends := [2]float64{m.Value, m.Value}
	if m.Lo != nil {
		ends[0] = *m.Lo
	}
	if m.Hi != nil {
		ends[1] = *m.Hi
	}
	if g.op == "==" || g.op == "!=" {
		ends = [2]float64{m.Value, m.Value}
	}
	low, high := g.holds(ends[0]), g.holds(ends[1])
	switch {
	case low && high:
		return results.Pass, ""
	case !low && !high:
		return results.Fail, fmt.Sprintf("measured %.4g", m.Value)
	}
	return results.Inconclusive, fmt.Sprintf("the limit lies inside the interval %.4g … %.4g", ends[0], ends[1])
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
