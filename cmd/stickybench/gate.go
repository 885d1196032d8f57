package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/results"
)

// gateFlags say what must hold and against what. Those of a run are for an experiment that is measured.
type gateFlags struct {
	runFlags
	baseline, arm, file, root, report string
	reports                           []string // where the judged report goes
	blocks                            int
	selfTest                          bool
}

func newGate() *cobra.Command {
	var flags gateFlags
	cmd := &cobra.Command{
		Use:   "gate [RESULT|EXPERIMENT.yaml]",
		Short: "Judge by requirements, also on the change against a baseline: what was recorded, or two balancers measured now",
		Long: `Judges a recorded run or comparison anew: pass 0, fail 1, wrong input 2, inconclusive 3, invalid 4.

Gates come from the experiment, --gates FILE (one a line, # comments) and --gate. A limit with a sign is a
change against the baseline: "latency.response.p99 < +5%", "affinity.broken_ratio < +0.1pp", "requests.rate > -3%".

For a recorded result (a directory), --baseline is another one: its directory, its tag, git:REVISION for the newest
that was made in that commit, or another arm of the same comparison. In a comparison the first arm is judged against
the second, in paired blocks. Results that differ in machine, mix, seed or load are refused.

For an experiment (a file), --baseline is what it is measured against: a balancer such as haproxy:cookie, another
experiment with its own lb and store, another --lb-config template, or the URL of a balancer that runs. Both are played
in --blocks paired blocks, in random order, with fresh processes and the same users.

docs/ci.md says how verdicts come about; docs/metrics.md lists the metrics.`,
		Example: `  stickybench gate results/run --gate "affinity.broken_ratio < 0.1%"
  stickybench gate results/run --gate 'latency.response.p99{profile="shopper"} < 50ms' --json
  stickybench gate results/run --baseline git:main --gate "affinity.broken_ratio < +0.1pp"
  stickybench gate comparison --gate "latency.response.p99 < +5%"
  stickybench gate comparison --baseline spread+store --gates gates.txt --self-test
  stickybench gate candidate.yaml --baseline haproxy:cookie --gate "latency.response.p99 < +5%"
  stickybench gate candidate.yaml --baseline before.yaml --blocks 12 --gates gates.txt --out ab
  stickybench gate --lb "exec:haproxy -db -f {config}" --lb-config new.cfg --baseline old.cfg --gate "errors.ratio < +1pp"`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error { return runGate(cmd, strings.Join(given, ""), &flags) },
	}
	set := cmd.Flags()
	set.StringVar(&flags.baseline, "baseline", "", "what changes count from: result directory, tag, git:REVISION or arm; for an experiment a balancer, experiment, template or URL")
	set.StringVar(&flags.arm, "arm", "", "arm of the comparison that is judged (default the first)")
	set.StringVar(&flags.file, "gates", "", "file with one requirement a line")
	set.StringVar(&flags.root, "results", resultsRoot, "where tags and git revisions are looked for")
	set.StringVar(&flags.report, "report", "", "also write the judged report to this file, for stickybench report")
	set.BoolVar(&flags.selfTest, "self-test", false, "instead of judging, measure how often these gates err on arms that do not differ")
	set.IntVar(&flags.blocks, "blocks", defaultBlocks, "paired blocks of an experiment; fewer than 6 give no verdict")
	set.StringVar(&flags.lb, "lb", "", "the experiment's balancer NAME[:MECHANISM], or \"exec:CMD {listen} {backends}\"")
	set.StringVar(&flags.lbConfig, "lb-config", "", "template that {config} of the experiment's exec balancer is rendered from")
	set.StringVar(&flags.store, "store", "", "the experiment's session state: memory, embedded, redis:start, …")
	flags.registerLoad(set)
	flags.registerReport(set)
	return cmd
}

// ofRecorded are the flags that say something to a result that is there already.
var ofRecorded = []string{"baseline", "arm", "gate", "gates", "results", "report", "self-test", "json", "quiet", "no-progress"}

func runGate(cmd *cobra.Command, subject string, flags *gateFlags) error {
	measured, err := flags.measures(subject)
	if err != nil {
		return err
	}
	if flags.report != "" {
		flags.reports = []string{flags.report}
	}
	if measured {
		return gateMeasured(cmd, subject, flags)
	}
	for _, name := range givenFlags(cmd) {
		if !slices.Contains(ofRecorded, name) {
			return usage("--%s is for an experiment that is measured, and %s is recorded; leave it out", name, subject)
		}
	}
	return gateRecorded(cmd, subject, flags)
}

// measures says whether an experiment is to be measured: nothing was recorded under the subject's name.
func (f *gateFlags) measures(subject string) (bool, error) {
	if subject == "" {
		if f.baseline == "" {
			return false, usage("nothing to judge: give a result directory, or an experiment and what --baseline it is measured against")
		}
		return true, nil
	}
	info, err := os.Stat(subject)
	return err == nil && !info.IsDir() || err != nil && isYAML(subject), nil
}

// gateRecorded judges a result directory.
func gateRecorded(cmd *cobra.Command, dir string, flags *gateFlags) error {
	candidate, err := openSide(dir, flags.arm)
	if err != nil {
		return err
	}
	exprs, err := flags.exprs(candidate.Gates)
	if err != nil {
		return err
	}
	baseline, note, err := flags.against(cmd.Context(), dir, candidate)
	if err != nil {
		return err
	}
	return flags.conclude(cmd, candidate, baseline, exprs, note)
}

// conclude judges, or tests the gates themselves, and prints. It gives the verdict as an error.
func (f *gateFlags) conclude(cmd *cobra.Command, candidate, baseline *analysis.Side, exprs, notes []string) error {
	if f.selfTest {
		return selfTest(cmd.OutOrStdout(), candidate, baseline, exprs, f.json)
	}
	report, err := analysis.GateSides(candidate, baseline, exprs)
	if err != nil {
		return wrongInput(err)
	}
	report.Warnings = append(slices.Clone(notes), report.Warnings...)
	for _, path := range f.reports {
		err = errors.Join(err, writeTo(nil, path, func(w io.Writer) error { return print(w, report, true) }))
	}
	if err := errors.Join(err, printGates(cmd.OutOrStdout(), report, f.json), tellGitHub(cmd.ErrOrStderr(), report)); err != nil {
		return err
	}
	return verdictError(report.Verdict)
}

func openSide(path, arm string) (*analysis.Side, error) {
	if results.IsComparison(path) {
		dir, err := results.OpenComparison(path)
		if err != nil {
			return nil, wrongInput(err)
		}
		side, err := analysis.OpenArm(dir, arm)
		return side, wrongInput(err)
	}
	dir, err := results.Open(path)
	if err != nil {
		return nil, wrongInput(err)
	}
	if arm != "" {
		return nil, usage("--arm %q: %s is one run and has no arms; leave --arm out", arm, path)
	}
	side, err := analysis.OpenRun(dir)
	return side, wrongInput(err)
}

// exprs are the experiment's gates, then the file's, then those of the command line; none twice.
func (f *gateFlags) exprs(recorded []string) ([]string, error) {
	all := slices.Clone(recorded)
	if f.file != "" {
		text, err := os.ReadFile(f.file)
		if err != nil {
			return nil, usage("--gates: %w", err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			if err := analysis.CheckGates([]string{line}); err != nil {
				return nil, usage("%s:%d: %w", f.file, n+1, err)
			}
			all = append(all, line)
		}
	}
	if err := analysis.CheckGates(f.gates); err != nil {
		return nil, wrongInput(err)
	}
	var once []string
	for _, text := range append(all, f.gates...) {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	if len(once) == 0 {
		return nil, usage(`no gate: the experiment has none; give --gate "affinity.broken_ratio < 0.1%%" or --gates FILE`)
	}
	return once, nil
}

func printGates(w io.Writer, report *results.Report, asJSON bool) error {
	if asJSON {
		return print(w, report, true)
	}
	return results.TerminalGates(w, report, terminalWidth(w), colored(w))
}

// selfTestSeed makes a self-test of the same blocks give the same counts.
const selfTestSeed = 20260101

func selfTest(w io.Writer, candidate, baseline *analysis.Side, exprs []string, asJSON bool) error {
	test, err := analysis.TestGates(candidate, baseline, exprs, selfTestSeed)
	if err != nil {
		return wrongInput(err)
	}
	if asJSON {
		err = json.NewEncoder(w).Encode(test)
	} else {
		share := func(n int) float64 { return 100 * float64(n) / float64(test.Runs) }
		_, err = fmt.Fprintf(w, "%d gate runs over %d blocks (%s)\nidentical arms: %d failed, %.3g%%; at most 5%% may\na regression of twice the margin: %d failed, %.3g%%; 90%% need enough blocks for this noise\n",
			test.Runs, test.Blocks, test.Data, test.FalseAlarms, share(test.FalseAlarms), test.Found, share(test.Found))
	}
	if err == nil && !test.Passed() {
		return exit{code: exitGateFailed}
	}
	return err
}
