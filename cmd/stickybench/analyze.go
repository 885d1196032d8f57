package main

import (
	"errors"
	"io"
	"math"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/results"
)

func newAnalyze() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "analyze DIR...",
		Short: "Draw the report of runs or comparisons again, from the directory alone",
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			var worst error
			for _, path := range dirs {
				err := analyzeDir(streamsOf(cmd), path, asJSON)
				if err != nil && exitCode(err) == exitUsage {
					return err
				}
				worst = worse(worst, err)
			}
			return worst
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print report.json on standard output")
	return cmd
}

func worse(a, b error) error {
	if a == nil || (b != nil && exitCode(b) == exitGateFailed) {
		return b
	}
	return a
}

// streams are where a command writes: its outcome, and everything else.
type streams struct{ out, err io.Writer }

func streamsOf(cmd *cobra.Command) streams { return streams{cmd.OutOrStdout(), cmd.ErrOrStderr()} }

// conclude prints a report, tells GitHub of it and turns its verdict into the exit code.
func (s streams) conclude(report *results.Report, asJSON bool) error {
	if err := errors.Join(print(s.out, report, asJSON), tellGitHub(s.err, report)); err != nil {
		return err
	}
	return verdictError(report.Verdict)
}

func analyzeDir(w streams, path string, asJSON bool) error {
	if results.IsComparison(path) {
		dir, err := results.OpenComparison(path)
		if err != nil {
			return wrongInput(err)
		}
		return concludeComparison(w, dir, asJSON)
	}
	dir, err := results.Open(path)
	if err != nil {
		return wrongInput(err)
	}
	return conclude(w, dir, asJSON)
}

// conclude analyzes dir, writes its report.json, prints it and turns its verdict into the exit code.
func conclude(w streams, dir *results.Dir, asJSON bool) error {
	report, err := judge(dir)
	if err != nil {
		return err
	}
	return w.conclude(report, asJSON)
}

// judge analyzes a run directory and keeps its report there.
func judge(dir *results.Dir) (*results.Report, error) {
	report, err := analysis.Analyze(dir)
	if err != nil {
		return nil, wrongInput(err)
	}
	return report, dir.WriteReport(report)
}

// concludeComparison is conclude for the runs of a comparison.
func concludeComparison(w streams, dir *results.ComparisonDir, asJSON bool) error {
	report, err := analysis.Compare(dir)
	if err != nil {
		return wrongInput(err)
	}
	if err := dir.WriteReport(report); err != nil {
		return err
	}
	return w.conclude(report, asJSON)
}

func print(w io.Writer, report *results.Report, asJSON bool) error {
	if !asJSON {
		return results.Terminal(w, report, terminalWidth(w), colored(w))
	}
	data, err := report.Encode()
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// plainWidth is the width of reports that do not go to a terminal.
const plainWidth = 100

func terminalWidth(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return plainWidth
}

// list writes a table on standard output.
func list(cmd *cobra.Command, table results.Listing) error {
	return table.Write(cmd.OutOrStdout(), listWidth(cmd.OutOrStdout()))
}

// listWidth is the terminal's; in a pipe each row is one line, for grep.
func listWidth(w io.Writer) int {
	if isTerminal(w) {
		return terminalWidth(w)
	}
	return math.MaxInt32
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colored follows the NO_COLOR convention (no-color.org).
func colored(w io.Writer) bool {
	return os.Getenv("NO_COLOR") == "" && isTerminal(w)
}
