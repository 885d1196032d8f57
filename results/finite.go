package results

import (
	"math"
	"slices"
)

// notANumber is the warning of a metric whose figure came out as none.
const notANumber = "not a number: there was too little to compute it from"

// finite is the report as JSON can say it. A figure that is no number becomes one that rests on
// nothing, so that no gate passes on it; a bound that is none is no longer claimed.
func (r *Report) finite() *Report {
	clean := *r
	clean.Metrics = slices.Clone(r.Metrics)
	for i, m := range clean.Metrics {
		clean.Metrics[i] = m.Finite()
	}
	clean.Checks = slices.Clone(r.Checks)
	for i, c := range clean.Checks {
		clean.Checks[i].Value, clean.Checks[i].Lo, clean.Checks[i].Hi = known(c.Value), bound(c.Lo), bound(c.Hi)
		clean.Checks[i].Baseline = bound(c.Baseline)
	}
	clean.Runs = slices.Clone(r.Runs)
	for i := range clean.Runs {
		clean.Runs[i].Duration = known(clean.Runs[i].Duration)
	}
	clean.Violations = slices.Clone(r.Violations)
	for i := range clean.Violations {
		clean.Violations[i].At = known(clean.Violations[i].At)
	}
	clean.Timeline = slices.Clone(r.Timeline)
	for i := range clean.Timeline {
		clean.Timeline[i].At = known(clean.Timeline[i].At)
	}
	return &clean
}

// Finite is the metric without infinities; see Report.Encode.
func (m Metric) Finite() Metric {
	m.Lo, m.Hi = bound(m.Lo), bound(m.Hi)
	if !isNumber(m.Value) {
		m.Value, m.N, m.Lo, m.Hi = 0, 0, nil, nil
		m.Warnings = append(slices.Clone(m.Warnings), notANumber)
	}
	return m
}

func isNumber(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func known(v float64) float64 {
	if isNumber(v) {
		return v
	}
	return 0
}

func bound(v *float64) *float64 {
	if v == nil || !isNumber(*v) {
		return nil
	}
	return v
}
