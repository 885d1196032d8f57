package analysis

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// checkLabelled wants the first metric of that name that has a label beginning so; "none" wants no such metric.
func checkLabelled(t *testing.T, r *results.Report, name, label, value string) {
	t.Helper()
	i := slices.IndexFunc(r.Metrics, func(m results.Metric) bool {
		return m.Name == name && slices.ContainsFunc(slices.Collect(maps.Values(m.Labels)), func(v string) bool { return strings.HasPrefix(v, label) })
	})
	if i < 0 || value == "none" {
		if i >= 0 || value != "none" {
			t.Errorf("%s@%s: found %v, want %s", name, label, i >= 0, value)
		}
		return
	}
	if want, err := strconv.ParseFloat(value, 64); err != nil || r.Metrics[i].Value != want {
		t.Errorf("%s@%s is %v, want %s", name, label, r.Metrics[i].Value, value)
	}
}
