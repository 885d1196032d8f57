package analysis

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// Every metric that a story reports is in the catalog, with the same unit and direction: gates, the
// metrics reference and the renderers know it by that.
func TestCatalogKnowsWhatIsReported(t *testing.T) {
	reports := []*results.Report{mustCompare(t, twoArms, simulated(8, 0.0004))}
	paths, _ := filepath.Glob("testdata/stories/*.txt")
	for _, path := range paths {
		reports = append(reports, mustJudge(t, read(t, path)))
	}
	reports = append(reports, stored(t, "../results/testdata/compare.json"), stored(t, "../results/testdata/report.json"))
	seen := map[string]bool{}
	for _, r := range reports {
		for _, m := range r.Metrics {
			q, ok := results.Describe(m.Name)
			if !ok {
				t.Errorf("%s is not in results.Catalog", m.Name)
			} else if (q.Unit != m.Unit || q.Better != m.Better) && !seen[m.Name] && !handmade(r, m) {
				t.Errorf("%s is reported as %q %q, the catalog says %q %q", m.Name, m.Unit, m.Better, q.Unit, q.Better)
			}
			seen[m.Name] = true
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d metrics were reported", len(seen))
	}
}

// stored is the report of a real run.
func stored(t *testing.T, path string) *results.Report {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r results.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

// handmade are the figures that the tests of comparisons make up without a direction.
func handmade(r *results.Report, m results.Metric) bool { return len(r.Runs) > 1 && m.Better == "" }

func TestCatalogNamesNothingTwice(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range results.Catalog() {
		if seen[q.Name] || q.About == "" || q.Unit == "" {
			t.Errorf("%+v", q)
		}
		seen[q.Name] = true
	}
}
