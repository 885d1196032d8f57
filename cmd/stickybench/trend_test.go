package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// Twenty results whose latency rises after the twelfth, one that is invalid, and one of another experiment.
func TestTrendMarksTheChange(t *testing.T) {
	root := t.TempDir()
	for i := range 22 {
		dir, err := results.Create(filepath.Join(root, fmt.Sprintf("r%02d", i)))
		if err != nil {
			t.Fatal(err)
		}
		run := results.Run{Schema: results.RunSchema, Name: "nightly", Start: clock.Time(1e18 + i*1e12)}
		report := &results.Report{Schema: results.ReportSchema, Verdict: results.Pass}
		value := 0.005 + 0.0001*float64(i%3)
		if i >= 12 {
			value += 0.002
		}
		switch i {
		case 20:
			report.Verdict = results.Invalid
		case 21:
			run.Name = "other"
		}
		report.Metrics = []results.Metric{{Name: "latency.response.p99", Unit: results.Seconds, Value: value, N: 9}}
		if err := dir.WriteRun(run); err != nil {
			t.Fatal(err)
		}
		if err := dir.WriteReport(report); err != nil {
			t.Fatal(err)
		}
		if err := dir.Seal(); err != nil {
			t.Fatal(err)
		}
	}
	trend, err := trendOf(root, "latency.response.p99", "nightly")
	if err != nil || len(trend.Points) != 20 {
		t.Fatalf("%d points, %v", len(trend.Points), err)
	}
	for i, p := range trend.Points {
		if (p.Change != nil) != (i == 12) {
			t.Errorf("%s: change %v", p.Name, p.Change)
		}
	}
	var text, page strings.Builder
	if err := trend.Text(&text, 100, false); err != nil {
		t.Fatal(err)
	}
	if err := trend.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), page.String()} {
		if !strings.Contains(out, "from 5.1 ms to 7.088 ms, p = 0.00") || strings.Contains(out, "ZgotmplZ") {
			t.Errorf("%.3000s", out)
		}
	}
	if _, err := trendOf(root, "latency.store.p99", ""); err == nil {
		t.Error("a series of nothing")
	}
}

func TestCompletionsAreOffered(t *testing.T) {
	for _, flag := range []string{"mix", "profile", "engine", "store", "gate", "lb"} {
		if len(completions(t.Context(), flag)) < 2 {
			t.Errorf("--%s completes to %q", flag, completions(t.Context(), flag))
		}
	}
}
