package results

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	junit "github.com/joshdk/go-junit"
)

// troubled is the stored report with every outcome of a gate, a metric from the future and text that
// wants to be markup.
func troubled(t *testing.T) *Report {
	r := stored(t)
	lo, hi, base := 0.02, 0.11, 0.004
	r.Verdict = Fail
	r.Reasons = append(r.Reasons, "gate `x` | <script>alert(1)</script> @everyone\x00")
	r.Checks = append(r.Checks,
		Check{Gate: `latency.response.p99{profile="shopper"} < +5%`, Verdict: Fail, Unit: Ratio, Value: 0.07, Lo: &lo, Hi: &hi, Baseline: &base, Why: "changed by +7%"},
		Check{Gate: "skew.cpu.max_over_mean < 1.2", Verdict: Inconclusive, Unit: Ratio, Value: 1.19, Why: "the limit lies inside"},
		Check{Gate: "latency.store.p99 < 5ms", Verdict: Invalid, Why: "this run did not measure it"})
	r.Metrics = append(r.Metrics, Metric{Name: "affinity.from_the_future", Labels: map[string]string{"zone": "a"}, Unit: "count", Value: 42, N: 7})
	return r
}

func TestUnknownMetricsAreShownEverywhere(t *testing.T) {
	var terminal, page strings.Builder
	if err := Terminal(&terminal, troubled(t), 80, false); err != nil {
		t.Fatal(err)
	}
	if err := Markdown(&page, troubled(t)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"terminal": terminal.String(), "markdown": strings.ReplaceAll(page.String(), `\`, "")} {
		if !strings.Contains(text, "Other") || !strings.Contains(text, "affinity.from_the_future") {
			t.Errorf("%s drops a metric that it does not know:\n%s", name, text)
		}
	}
}

func TestTerminalObeysNoStranger(t *testing.T) {
	r := troubled(t)
	r.Violations = append(r.Violations, Violation{Kind: "switch", From: "b1", To: "\x1b]0;owned\x07", Why: "x\x1b[2J"})
	r.Metrics = append(r.Metrics, Metric{Name: "instance.requests", Labels: map[string]string{"instance": "\x1b[31m"}, N: 1})
	var page strings.Builder
	if err := Terminal(&page, r, 80, false); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(page.String(), "\x1b\x07\x00") {
		t.Errorf("control characters reach the terminal: %q", page.String())
	}
}

func TestMarkdownShowsEverythingAndIsNoMarkup(t *testing.T) {
	var page strings.Builder
	r := troubled(t)
	if err := Markdown(&page, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<script>") || strings.Contains(page.String(), "@everyone") {
		t.Error("a reason is read as markup")
	}
	plain := strings.ReplaceAll(page.String(), `\`, "")
	for _, m := range r.Metrics {
		if !strings.Contains(plain, "| "+m.Name+" |") {
			t.Errorf("%s is not shown", m.Name)
		}
	}
	golden(t, "testdata/report.md", page.String())
}

func TestMarkdownFitsAComment(t *testing.T) {
	r := stored(t)
	for i := range 2000 {
		r.Metrics = append(r.Metrics, Metric{Name: "latency.response.p99", Labels: map[string]string{"fault": fmt.Sprint(i)}, Unit: Seconds, Value: 1, N: 1})
	}
	var page strings.Builder
	if err := Markdown(&page, r); err != nil {
		t.Fatal(err)
	}
	if page.Len() > 65_536 || !strings.Contains(page.String(), "figures are in report.json") {
		t.Errorf("%d bytes", page.Len())
	}
}

func TestJUnitIsReadByItsConsumers(t *testing.T) {
	for name, r := range map[string]*Report{"troubled": troubled(t), "passed": stored(t), "empty": {Verdict: Inconclusive}} {
		var text strings.Builder
		if err := JUnit(&text, r); err != nil {
			t.Fatal(err)
		}
		suites, err := junit.Ingest([]byte(text.String()))
		if err != nil || len(suites) != 1 {
			t.Fatalf("%s: %d suites, %v", name, len(suites), err)
		}
		totals := suites[0].Totals
		if want := 1 + len(r.Checks); totals.Tests != want || (totals.Passed == want) != (r.Verdict == Pass) || totals.Skipped != 0 {
			t.Errorf("%s: a consumer sees %+v", name, totals)
		}
		validate(t, text.String())
	}
}

// validate holds XML against the schema.
func validate(t *testing.T, text string) {
	t.Helper()
	lint, err := exec.LookPath("xmllint")
	if err != nil {
		if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
			t.Fatal(err)
		}
		t.Skip("xmllint is not installed")
	}
	cmd := exec.Command(lint, "--noout", "--schema", "testdata/junit.xsd", "-")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s\n%s", out, text)
	}
}

func TestBadge(t *testing.T) {
	var text strings.Builder
	if err := Badge(&text, stored(t)); err != nil {
		t.Fatal(err)
	}
	var badge map[string]any
	if err := json.Unmarshal([]byte(text.String()), &badge); err != nil || badge["schemaVersion"] != 1.0 || badge["color"] != "brightgreen" || badge["message"] != "0 of 584 sessions broke" {
		t.Errorf("%v, %v", badge, err)
	}
}

// A red badge says what is red.
func TestBadgeOfAFailure(t *testing.T) {
	r := stored(t)
	r.Verdict = Fail
	r.Checks = []Check{{Gate: "latency.response.p99 < 5ms", Verdict: Fail}}
	if got := badgeText(r); got != "not latency.response.p99 < 5ms" {
		t.Error(got)
	}
}

func TestAnnotationsAreOneLineEach(t *testing.T) {
	var text strings.Builder
	r := troubled(t)
	r.Reasons = []string{"100% sure", "two\nlines"}
	if err := Annotations(&text, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 4 || lines[0] != "::error title=stickybench failover%3A fail::100%25 sure%0Atwo%0Alines" ||
		!strings.HasPrefix(lines[1], `::error title=latency.response.p99{profile="shopper"} < +5%25::fail: change +7%25 (+2%25 … +11%25); changed by`) ||
		!strings.HasPrefix(lines[2], "::warning ") {
		t.Errorf("got %q", lines)
	}
}

// A comparison of long-named arms fits a narrow page without the columns that say least.
func TestNarrowComparisonKeepsToItsWidth(t *testing.T) {
	r := &Report{Verdict: Pass, Reasons: []string{"measured"}}
	lo, hi := 0.00123, 0.00456
	for _, arm := range []string{"sticky+memory", "spread+store"} {
		r.Runs = append(r.Runs, ReportRun{Name: arm})
		r.Metrics = append(r.Metrics, Metric{Name: "latency.response.p50", Labels: map[string]string{"arm": arm}, Unit: Seconds, Value: 0.002, N: 8},
			Metric{Name: "errors.ratio", Labels: map[string]string{"arm": arm}, Unit: Ratio, Value: 0.002, Lo: &lo, Hi: &hi, N: 8},
			Metric{Name: "latency.store.p99", Labels: map[string]string{"arm": arm}, Unit: Seconds, Value: 0.002, Lo: &lo, Hi: &hi, N: 8, Warnings: []string{"few"}})
	}
	r.Metrics = append(r.Metrics, Metric{Name: "saving.p50", Unit: Seconds, Value: 0.003, Lo: &lo, Hi: &hi, N: 8},
		Metric{Name: "saving.p50_ratio", Unit: Ratio, Value: 0.3, Lo: &lo, Hi: &hi, N: 8}, Metric{Name: "saving.p50_p", Unit: PValue, Value: 0.01, N: 8})
	for width, whole := range map[int]bool{60: false, 120: true} {
		var text strings.Builder
		if err := Terminal(&text, r, width, false); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, " \n")); n > width {
				t.Errorf("width %d: %d columns: %s", width, n, line)
			}
		}
		if strings.Contains(text.String(), "spread+store ms") != whole || !strings.Contains(text.String(), "3 (1.23 … 4.56)") {
			t.Errorf("width %d:\n%s", width, text.String())
		}
	}
}
