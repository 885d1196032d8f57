package results

import (
	"math"
	"strings"
	"testing"
)

func TestEncodeSurvivesFiguresThatAreNoNumbers(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	r := &Report{Schema: ReportSchema, Runs: []ReportRun{{Duration: inf}}, Timeline: []Event{{At: nan}}, Violations: []Violation{{At: inf}},
		Metrics: []Metric{{Name: "a", Value: nan, Lo: &inf, Hi: &nan, N: 9}, {Name: "b", Value: 1, Lo: &inf, N: 2}},
		Checks:  []Check{{Gate: "a < 1", Value: nan, Lo: &nan, Hi: &inf, Baseline: &nan}}}
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeReport(text)
	if err != nil {
		t.Fatal(err)
	}
	if a := back.Metrics[0]; a.N != 0 || a.Hi != nil || len(a.Warnings) != 1 {
		t.Errorf("a figure that is no number rests on %d with %q: a gate could pass on it", a.N, a.Warnings)
	}
	if b := back.Metrics[1]; b.Value != 1 || b.N != 2 || b.Lo != nil {
		t.Errorf("got %+v", b)
	}
	if !strings.Contains(string(text), `"a < 1"`) {
		t.Errorf("gates are escaped:\n%s", text)
	}
}
