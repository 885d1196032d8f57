package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

func newScenarios() *cobra.Command {
	cmd := &cobra.Command{Use: "scenarios", Short: "Ready experiments about what goes wrong in the field"}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the scenarios and who reported them", Args: args(cobra.NoArgs), RunE: listScenarios},
		&cobra.Command{Use: "show NAME", Short: "Print a scenario's experiment and what is expected", Args: args(cobra.ExactArgs(1)), RunE: showScenario},
		newScenariosRun(),
	)
	return cmd
}

// scenarioFlags are those of `scenarios run`.
type scenarioFlags struct {
	lbs        []string
	stretch    float64
	seed       uint64
	out        string
	json       bool
	quiet      bool
	noProgress bool
}

func newScenariosRun() *cobra.Command {
	var flags scenarioFlags
	cmd := &cobra.Command{
		Use:   "run NAME...|all",
		Short: "Play scenarios against balancers and hold the outcome against what each mechanism's family must do",
		Long: `Each scenario runs in its short form, at most 15 s, with fresh processes. What a balancer cannot do at
run time, such as a drain, does not apply to it. Exit code 1 says that something deviates.`,
		Example: `  stickybench scenarios run crash-and-return
  stickybench scenarios run all --lb builtin:cookie --lb haproxy:cookie --lb nginx:ip-hash
  stickybench scenarios run rolling-deploy --stretch 4`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			scenarios, err := flags.scenarios(names)
			if err != nil {
				return err
			}
			return runScenarios(cmd, scenarios, &flags)
		},
	}
	flags.registerSeries(cmd.Flags())
	cmd.Flags().StringArrayVar(&flags.lbs, "lb", []string{"builtin:cookie"}, "balancer NAME[:MECHANISM] (repeat)")
	cmd.Flags().BoolVar(&flags.json, "json", false, "print the outcomes as JSON")
	return cmd
}

// registerSeries adds what every series of scenarios takes.
func (f *scenarioFlags) registerSeries(set *pflag.FlagSet) {
	set.Float64Var(&f.stretch, "stretch", 1, "make each scenario so many times as long")
	set.Uint64Var(&f.seed, "seed", 1, "same seed, same users")
	set.StringVarP(&f.out, "out", "o", "", "directory of the runs (default below "+resultsRoot+"/)")
	set.BoolVar(&f.quiet, "quiet", false, "no progress and no notes")
	set.BoolVar(&f.noProgress, "no-progress", false, "no progress line")
}

func listScenarios(cmd *cobra.Command, _ []string) error {
	table := results.Listing{Header: []string{"scenario", "what happens", "reported as"}}
	for _, name := range profiles.ScenarioNames() {
		s, err := profiles.LookupScenario(name)
		if err != nil {
			return err
		}
		table.Rows = append(table.Rows, []string{name, s.About, s.Source})
	}
	return list(cmd, table)
}

func showScenario(cmd *cobra.Command, names []string) error {
	text, err := profiles.ScenarioText(names[0])
	if err != nil {
		return wrongInput(err)
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}

// scenarios looks the names up and refuses balancers that nobody knows, before anything runs.
func (f *scenarioFlags) scenarios(names []string) (list []profiles.Scenario, err error) {
	if !(f.stretch > 0.1) || f.stretch > 1000 {
		return nil, usage("--stretch %v; use 0.1 to 1000", f.stretch)
	}
	if slices.Equal(names, []string{"all"}) {
		names = profiles.ScenarioNames()
	}
	for _, name := range names {
		s, err := profiles.LookupScenario(name)
		if err != nil {
			return nil, wrongInput(err)
		}
		list = append(list, s)
	}
	for _, lb := range f.lbs {
		e := profiles.Default()
		e.Balancer.Use, e.Faults = lb, nil
		if err := targets.Check(e); err != nil {
			return nil, wrongInput(err)
		}
	}
	return list, nil
}

func runScenarios(cmd *cobra.Command, scenarios []profiles.Scenario, f *scenarioFlags) error {
	out := cmp.Or(f.out, filepath.Join(resultsRoot, time.Now().Format("20060102-150405")+"-scenarios"))
	all := results.Outcomes{Schema: results.OutcomesSchema, Outcomes: []results.Outcome{}}
	for n, s := range scenarios {
		for _, lb := range f.lbs {
			if cmd.Context().Err() != nil {
				break
			}
			f.announce(cmd.ErrOrStderr(), n, len(scenarios), s.Name, lb)
			outcome, err := f.play(cmd, s, lb, filepath.Join(out, s.Name+"-"+fileName(lb)))
			if err != nil {
				return err
			}
			all.Outcomes = append(all.Outcomes, outcome)
			if err := all.Write(out); err != nil {
				return err
			}
		}
	}
	if err := printOutcomes(cmd.OutOrStdout(), all, f.json); err != nil {
		return err
	}
	return outcomesError(cmd.Context(), all, out)
}

// play runs one scenario against one balancer. What cannot be started is an outcome, not the end.
func (f *scenarioFlags) play(cmd *cobra.Command, s profiles.Scenario, lb, path string) (results.Outcome, error) {
	o := results.Outcome{Scenario: s.Name, LB: lb, Checks: []results.Check{}}
	exp := s.Stretched(f.stretch)
	exp.Balancer.Use, exp.Seed = lb, f.seed
	if err := targets.Check(exp); err != nil {
		o.State, o.Why = results.Inapplicable, err.Error()
		return o, nil
	}
	shown := runFlags{quiet: f.quiet, noProgress: f.noProgress}
	dir, err := play(cmd.Context(), exp, path, observers{view: shown.view(cmd.ErrOrStderr(), exp)})
	if errors.Is(err, targets.ErrUnavailable) {
		o.State, o.Why = results.NotRun, err.Error()
		return o, nil
	}
	if err != nil {
		return o, err
	}
	return o, hold(&o, s, dir)
}

// hold compares what happened with what a mechanism of that family must do.
func hold(o *results.Outcome, s profiles.Scenario, dir *results.Dir) error {
	report, err := judge(dir)
	if err != nil {
		return err
	}
	run, err := dir.Run()
	if err != nil {
		return err
	}
	o.Dir, o.Verdict, o.Mechanism = dir.Path(), report.Verdict, run.Mechanism.Name
	checks, err := analysis.Gate(report, s.Expected(string(run.Mechanism.Family), run.Mechanism.Key, traits(run.Mechanism)...))
	if err != nil {
		return fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	o.Checks, o.State = append(o.Checks, checks...), results.Stand(checks)
	if o.State == results.Inapplicable {
		o.Why = fmt.Sprintf("nothing is expected of a mechanism that %s and routes on %s", run.Mechanism.Family.Describe(), run.Mechanism.Key)
	}
	return nil
}

// traits are what some expectations depend on.
func traits(m results.Mechanism) []string {
	all := []string{string(m.Agreement)}
	if m.TTL > 0 {
		all = append(all, "ttl")
	}
	if m.Cookie != "" {
		all = append(all, "marker")
	}
	return all
}

func printOutcomes(w io.Writer, all results.Outcomes, asJSON bool) error {
	if !asJSON {
		return all.Terminal(w, listWidth(w))
	}
	text, err := all.Encode()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// outcomesError turns the outcomes into the exit code.
func outcomesError(ctx context.Context, all results.Outcomes, out string) error {
	switch {
	case ctx.Err() != nil:
		return exit{exitInterrupted, errors.New("interrupted; the runs so far are in " + out)}
	case all.Count(results.Deviates) > 0:
		return exit{code: exitGateFailed}
	case all.Count(results.NotRun) > 0:
		return exit{exitUnavailable, fmt.Errorf("%d runs could not be started", all.Count(results.NotRun))}
	case all.Count(results.Unclear) > 0:
		return exit{code: exitInconclusive}
	}
	return nil
}
