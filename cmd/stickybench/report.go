package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/results"
)

// format is one way to print a stored report; those with charts need its directory too.
type format struct {
	name  string
	write func(io.Writer, *results.Report) error
}

func formatsOf(dir string) []format {
	return []format{
		{"terminal", func(w io.Writer, r *results.Report) error { return print(w, r, false) }},
		{"json", func(w io.Writer, r *results.Report) error { return print(w, r, true) }},
		{"markdown", results.Markdown},
		{"html", func(w io.Writer, r *results.Report) error { return writePage(w, dir, r) }},
		{"junit", results.JUnit},
		{"badge", results.Badge},
		{"github", results.Annotations},
	}
}

// writePage folds the directory into the charts of its page.
func writePage(w io.Writer, path string, r *results.Report) error {
	charts, err := chartsOf(path, r)
	if err != nil {
		return wrongInput(err)
	}
	return results.HTML(w, r, charts)
}

func chartsOf(path string, r *results.Report) (*results.Charts, error) {
	if isFile(path) {
		return nil, fmt.Errorf("%s is a report alone, and the page also draws on its records; give the directory", path)
	}
	if results.IsComparison(path) {
		dir, err := results.OpenComparison(path)
		if err != nil {
			return nil, err
		}
		return analysis.ComparisonCharts(dir)
	}
	dir, err := results.Open(path)
	if err != nil {
		return nil, err
	}
	return analysis.Charts(dir, r)
}

func newReport() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "report DIR|REPORT.json",
		Short: "Print the report of a finished run or comparison, or one that gate --report wrote, in another format",
		Example: `  stickybench report results/run --format markdown -o comment.md
  stickybench report results/run --format junit -o junit.xml
  stickybench report results/run --format html -o report.html
  stickybench report results/run --format badge -o badge.json`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			write, err := renderer(dirs[0], format)
			if err != nil {
				return err
			}
			report, err := trustedReport(dirs[0])
			if err != nil {
				return err
			}
			return writeTo(cmd.OutOrStdout(), out, func(w io.Writer) error { return write(w, report) })
		},
	}
	cmd.Flags().StringVar(&format, "format", "terminal", formatNames())
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this file instead of standard output")
	return cmd
}

func formatNames() string {
	var names []string
	for _, f := range formatsOf("") {
		names = append(names, f.name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func renderer(dir, name string) (func(io.Writer, *results.Report) error, error) {
	for _, f := range formatsOf(dir) {
		if f.name == name {
			return f.write, nil
		}
	}
	return nil, usage("--format %q is unknown; use %s", name, formatNames())
}

// trustedReport is the stored report, which passes nothing when the directory is not as it was left.
func trustedReport(dir string) (*results.Report, error) {
	report, err := storedReport(dir)
	if err == nil && !isFile(dir) {
		analysis.Distrust(report, dir)
	}
	return report, err
}

// storedReport reads the report.json of a result directory, or the report at path itself.
func storedReport(dir string) (*results.Report, error) {
	path := dir
	if !isFile(dir) {
		path = filepath.Join(dir, "report.json")
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && results.IsSeries(dir) {
		return nil, usage("%s is a series of runs; name one of them: stickybench results list %s", dir, dir)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("%s has no report.json; draw it with `stickybench analyze %s`", dir, dir)
	}
	if err != nil {
		return nil, wrongInput(err)
	}
	report, err := results.DecodeReport(data)
	if err != nil {
		return nil, usage("%s: %w", path, err)
	}
	return report, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// writeTo calls write with the file at path, or with stdout when path is empty.
func writeTo(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path == "" {
		return write(stdout)
	}
	f, err := os.Create(path)
	if err != nil {
		return usage("writing the report: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
