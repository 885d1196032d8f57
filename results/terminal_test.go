package results

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "rewrite the golden pages")

// stored is the report of a real run: examples/failover.yaml on HAProxy.
func stored(t *testing.T) *Report { return storedIn(t, "testdata/report.json") }

func storedIn(t *testing.T, path string) *Report {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestTerminalKeepsToItsWidth(t *testing.T) {
	for _, width := range []int{60, 80, 120, 200} {
		golden(t, fmt.Sprintf("testdata/terminal-%d.txt", width), narrow(t, stored(t), width))
	}
}

// narrow draws r and checks that no line is wider than asked for.
func narrow(t *testing.T, r *Report, width int) string {
	t.Helper()
	page := drawn(t, r, width)
	for line := range strings.Lines(page) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
			t.Errorf("width %d: %d columns: %s", width, n, line)
		}
	}
	return page
}

// The comparison is a real one too: four arms and the one of equal CPU, six blocks, Redis in one of two zones.
func TestComparisonPage(t *testing.T) {
	r := storedIn(t, "testdata/compare.json")
	for _, width := range []int{60, 80, 160} {
		golden(t, fmt.Sprintf("testdata/compare-%d.txt", width), narrow(t, r, width))
	}
}

func drawn(t *testing.T, r *Report, width int) string {
	t.Helper()
	var page strings.Builder
	if err := Terminal(&page, r, width, false); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run `make golden`:\n%s", path, got)
	}
}

func TestTerminalSurvivesDamagedFigures(t *testing.T) {
	r := stored(t)
	for i := range r.Metrics {
		if r.Metrics[i].Name == "instance.share" {
			r.Metrics[i].Value = -3e9 * float64(i%2*2-1)
		}
	}
	if err := Terminal(&strings.Builder{}, r, 80, true); err != nil {
		t.Fatal(err)
	}
}
