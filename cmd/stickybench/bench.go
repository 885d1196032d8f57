package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/loadgen/probe"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// benchFormats are what --format takes.
var benchFormats = []string{"terminal", "markdown", "json"}

func newBench() *cobra.Command {
	var flags scenarioFlags
	var format string
	cmd := &cobra.Command{
		Use:   "bench LB[:MECHANISM]...",
		Short: "Play the same scenarios against several balancers or mechanisms: one scoreboard",
		Long: `Each balancer plays the same short scenarios, with the same users, one after the other. A dash says that the
balancer cannot do it at run time. The runs stay below --out, one directory each.`,
		Example: `  stickybench bench builtin:cookie haproxy:cookie nginx:ip-hash
  stickybench bench haproxy:cookie haproxy:stick-table --format markdown`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, lbs []string) error {
			if !strings.Contains(" "+strings.Join(benchFormats, " ")+" ", " "+format+" ") {
				return usage("--format %q is unknown; use %s", format, strings.Join(benchFormats, ", "))
			}
			flags.lbs = lbs
			scenarios, err := flags.scenarios(results.ScoreboardScenarios())
			if err != nil {
				return err
			}
			return runBench(cmd, scenarios, &flags, format)
		},
	}
	flags.registerSeries(cmd.Flags())
	cmd.Flags().StringVar(&format, "format", "terminal", strings.Join(benchFormats, ", "))
	return cmd
}

func runBench(cmd *cobra.Command, scenarios []profiles.Scenario, f *scenarioFlags, format string) error {
	out := cmp.Or(f.out, filepath.Join(resultsRoot, time.Now().Format("20060102-150405")+"-bench"))
	board := results.NewScoreboard()
	var missing []string
	for _, lb := range f.lbs {
		why, err := f.score(cmd, scenarios, out, board, lb)
		if err == nil {
			err = board.Write(out)
		}
		if err != nil {
			return err
		}
		if why != "" {
			missing = append(missing, lb+": "+why)
		}
	}
	if err := printBoard(cmd.OutOrStdout(), board, format); err != nil {
		return err
	}
	if len(missing) > 0 {
		return exit{exitUnavailable, errors.New(strings.Join(missing, "; "))}
	}
	return nil
}

// score adds the row of a balancer to the board; why says that it cannot be started.
func (f *scenarioFlags) score(cmd *cobra.Command, scenarios []profiles.Scenario, out string, board *results.Scoreboard, lb string) (why string, err error) {
	row, reports := results.ScoreRow{LB: lb}, map[string]*results.Report{}
	if why, err = f.playRow(cmd, scenarios, out, &row, reports); err != nil {
		return "", err
	}
	if why != "" {
		board.Add(row, reports, nil)
		return why, nil
	}
	f.announce(cmd.ErrOrStderr(), len(scenarios), len(scenarios)+1, results.ProbeColumn, lb)
	probing := probeFlags{lb: lb, backends: 4, Options: probe.Options{Seed: f.seed, Headers: []string{profiles.UserHeader}}}
	probed, err := probing.started(cmd.Context())
	if err == nil {
		board.Add(row, reports, probed)
	}
	return "", err
}

// playRow plays the scenarios against the balancer of a row; why says that it cannot be started.
func (f *scenarioFlags) playRow(cmd *cobra.Command, scenarios []profiles.Scenario, out string, row *results.ScoreRow, reports map[string]*results.Report) (why string, err error) {
	for n, s := range scenarios {
		if cmd.Context().Err() != nil {
			return "", exit{exitInterrupted, errors.New("interrupted; the runs so far are in " + out)}
		}
		f.announce(cmd.ErrOrStderr(), n, len(scenarios)+1, s.Name, row.LB)
		outcome, err := f.play(cmd, s, row.LB, filepath.Join(out, s.Name+"-"+fileName(row.LB)))
		if err != nil {
			return "", err
		}
		if outcome.State == results.NotRun {
			return outcome.Why, nil
		}
		if outcome.Dir == "" {
			continue
		}
		if err := take(row, reports, outcome); err != nil {
			return "", err
		}
	}
	return "", nil
}

// take keeps the report of a run for its row.
func take(row *results.ScoreRow, reports map[string]*results.Report, o results.Outcome) error {
	dir, err := results.Open(o.Dir)
	if err != nil {
		return err
	}
	run, err := dir.Run()
	if err != nil {
		return err
	}
	row.Version, row.Family = run.LBVersion, run.Mechanism.Family
	reports[o.Scenario], err = storedReport(o.Dir)
	return err
}

func printBoard(w io.Writer, board *results.Scoreboard, format string) error {
	switch format {
	case "markdown":
		return board.Markdown(w)
	case "json":
		text, err := board.Encode()
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	}
	return board.Terminal(w, listWidth(w))
}

// announce says on standard error what is played now.
func (f *scenarioFlags) announce(w io.Writer, n, of int, scenario, lb string) {
	if !f.quiet {
		fmt.Fprintf(w, "%d of %d: %s, %s\n", n+1, of, scenario, lb)
	}
}
