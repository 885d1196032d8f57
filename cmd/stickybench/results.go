package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/results"
)

// resultsRoot is where runs without --out leave their directory.
const resultsRoot = "stickybench-results"

func newResults() *cobra.Command {
	cmd := &cobra.Command{Use: "results", Short: "List, show, compare, export and tidy up what earlier runs left"}
	cmd.AddCommand(
		&cobra.Command{Use: "list [DIR]", Short: "List the results below DIR, or the runs of a series (default " + resultsRoot + ")",
			Args: args(cobra.MaximumNArgs(1)), RunE: listResults},
		&cobra.Command{Use: "show DIR", Short: "Print the report of a run or comparison, or what a series of scenarios or a bench came to",
			Args: args(cobra.ExactArgs(1)), RunE: showResult},
		newResultsDiff(), newResultsExport(), newResultsMerge(), newResultsTag(), newResultsPrune(), newResultsTrend(),
	)
	return cmd
}

func showResult(cmd *cobra.Command, dirs []string) error {
	if results.IsSeries(dirs[0]) {
		series, err := results.OpenSeries(dirs[0])
		if err != nil {
			return wrongInput(err)
		}
		return series.Terminal(cmd.OutOrStdout(), listWidth(cmd.OutOrStdout()))
	}
	report, err := trustedReport(dirs[0])
	if err != nil {
		return err
	}
	return print(cmd.OutOrStdout(), report, false)
}

func listResults(cmd *cobra.Command, given []string) error {
	root := rootOf(given)
	entries, err := os.ReadDir(root)
	if err != nil {
		return usage("listing results: %w; runs without --out go to %s", err, resultsRoot)
	}
	table := results.Listing{Header: []string{"directory", "verdict", "balancer", "store", "mix", "sessions", "broken", "revision", "tags"}}
	for _, e := range entries {
		if row, ok := resultRow(root, e); ok {
			tags, err := results.Tags(filepath.Join(root, e.Name()))
			if err != nil {
				tags = []string{"unreadable"}
			}
			table.Rows = append(table.Rows, append(row, strings.Join(tags, " ")))
		}
	}
	return list(cmd, table)
}

// resultRow describes one run directory; ok is false for anything else.
func resultRow(root string, e fs.DirEntry) (row []string, ok bool) {
	path := filepath.Join(root, e.Name())
	switch {
	case results.IsComparison(path):
		return comparisonRow(path), true
	case results.IsSeries(path):
		return seriesRow(path), true
	}
	if !results.IsResult(path) {
		return nil, false
	}
	run, err := readRun(path)
	if err != nil {
		return unreadable(path, err), true
	}
	row = []string{path, "not analyzed", run.LB + ":" + run.Mechanism.Name, run.Store, run.Mix, "", "", run.Revision.Brief()}
	if report, err := trustedReport(path); err == nil {
		row[1] = string(report.Verdict)
		row[5] = metricText(report, "affinity.sessions")
		row[6] = metricText(report, "affinity.broken_sessions")
	}
	return row, true
}

func readRun(path string) (run results.Run, err error) {
	dir, err := results.Open(path)
	if err != nil {
		return run, err
	}
	return dir.Run()
}

// unreadable is the row of a result that cannot be opened.
func unreadable(path string, err error) []string {
	return []string{path, "unreadable: " + err.Error(), "", "", "", "", "", ""}
}

// comparisonRow describes a comparison by its arms.
func comparisonRow(path string) []string {
	dir, err := results.OpenComparison(path)
	if err != nil {
		return unreadable(path, err)
	}
	var arms []string
	for _, arm := range dir.Plan.Arms {
		arms = append(arms, arm.Name)
	}
	recorded, _ := results.RecordOf(path) // without a finished block there is none
	row := []string{path, "not analyzed", strings.Join(arms, ", "), "", "", "", "", recorded.Revision.Brief()}
	if report, err := trustedReport(path); err == nil {
		row[1] = string(report.Verdict)
	}
	return row
}

// seriesRow describes a series by its balancers; its runs are listed below it.
func seriesRow(path string) []string {
	series, err := results.OpenSeries(path)
	if err != nil {
		return unreadable(path, err)
	}
	recorded, _ := results.RecordOfSeries(path) // its first run may not have begun
	return []string{path, series.Summary(), strings.Join(series.Balancers(), ", "), "", "", "", "", recorded.Revision.Brief()}
}

func metricText(r *results.Report, name string) string {
	m, ok := r.Find(name, nil)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.6g", m.Value)
}
