package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

func newResultsTrend() *cobra.Command {
	var metric, name, format, out string
	cmd := &cobra.Command{
		Use:   "trend [DIR]",
		Short: "Show one metric over many results, and where it changed",
		Long: `Takes the reports below DIR, the oldest first, and marks where the mean shifts (1 % level). Results of other
experiments are no series: --name keeps one.`,
		Example: `  stickybench results trend --metric latency.response.p99 --name nightly
  stickybench results trend --metric affinity.broken_ratio --format html -o trend.html`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if format != "terminal" && format != "html" {
				return usage("--format %q is unknown; use terminal or html", format)
			}
			if err := analysis.CheckGates([]string{metric + " < 0"}); err != nil {
				return wrongInput(err)
			}
			trend, err := trendOf(rootOf(given), metric, name)
			if err != nil {
				return err
			}
			return writeTo(cmd.OutOrStdout(), out, func(w io.Writer) error {
				if format == "html" {
					return trend.HTML(w)
				}
				return trend.Text(w, terminalWidth(w), colored(w))
			})
		},
	}
	set := cmd.Flags()
	set.StringVar(&metric, "metric", "affinity.broken_ratio", "metric of the series")
	set.StringVar(&name, "name", "", "only results of the experiment with this name")
	set.StringVar(&format, "format", "terminal", "terminal or html")
	set.StringVarP(&out, "output", "o", "", "write to this file instead of standard output")
	return cmd
}

// trendOf gathers the metric from every run below root that has it; what cannot be read is left out.
func trendOf(root, metric, name string) (*results.Trend, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, usage("trend: %w", err)
	}
	q, _ := results.Describe(metric) // checked
	trend := &results.Trend{Metric: metric, Unit: q.Unit}
	for _, e := range entries {
		if point, ok := trendPoint(filepath.Join(root, e.Name()), metric, name); ok {
			trend.Points = append(trend.Points, point)
		}
	}
	if len(trend.Points) == 0 {
		return nil, usage("no result below %s has %s (invalid ones do not count); give another directory, --metric or --name", root, metric)
	}
	trend.Sort()
	var values []float64
	for _, p := range trend.Points {
		values = append(values, p.Value)
	}
	for _, c := range stats.ChangePoints(values) {
		trend.Points[c.At].Change = &results.TrendChange{Before: c.Before, After: c.After, P: c.P}
	}
	return trend, nil
}

func trendPoint(path, metric, name string) (p results.TrendPoint, ok bool) {
	dir, err := results.Open(path)
	if err != nil {
		return p, false
	}
	run, err := dir.Run()
	if err != nil || name != "" && run.Name != name {
		return p, false
	}
	report, err := trustedReport(path)
	if err != nil {
		return p, false
	}
	m, ok := report.Find(metric, nil)
	tags, _ := results.Tags(path) // without readable tags the directory's name says enough
	p = results.TrendPoint{At: run.Start.Wall(), Name: strings.Join(append([]string{filepath.Base(path)}, tags...), " "), Value: m.Value, Lo: m.Lo, Hi: m.Hi}
	return p, ok && m.N > 0 && report.Verdict != results.Invalid
}
