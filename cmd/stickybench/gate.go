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

// gateFlags say what must hold and against what.
type gateFlags struct {
	baseline, arm, file string
	gates               []string
	selfTest, json      bool
}

func newGate() *cobra.Command {
	var flags gateFlags
	cmd := &cobra.Command{
		Use:   "gate DIR",
		Short: "Judge a run or comparison by requirements, also on the change against a baseline",
		Long: `Judges what was recorded, anew: pass 0, fail 1, wrong input 2, inconclusive 3, invalid 4.

Gates come from the experiment, --gates FILE (one a line, # comments) and --gate. A limit with a sign is a
change against the baseline: "latency.response.p99 < +5%", "affinity.broken_ratio < +0.1pp", "requests.rate > -3%".
In a comparison the first arm is judged against the second, in paired blocks. Two runs that differ in machine, mix,
seed or load are refused. docs/ci.md says how verdicts come about; docs/metrics.md lists the metrics.`,
		Example: `  stickybench gate results/run --gate "affinity.broken_ratio < 0.1%"
  stickybench gate results/run --gate 'latency.response.p99{profile="shopper"} < 50ms' --json
  stickybench gate comparison --gate "latency.response.p99 < +5%"
  stickybench gate comparison --baseline spread+store --gates gates.txt --self-test`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, dirs []string) error { return runGate(cmd, dirs[0], &flags) },
	}
	set := cmd.Flags()
	set.StringVar(&flags.baseline, "baseline", "", "result directory, or tag of one, or another arm of the comparison, that changes count from")
	set.StringVar(&flags.arm, "arm", "", "arm of the comparison that is judged (default the first)")
	set.StringArrayVar(&flags.gates, "gate", nil, `requirement such as "latency.response.p99 < +5%" (repeat)`)
	set.StringVar(&flags.file, "gates", "", "file with one requirement a line")
	set.BoolVar(&flags.selfTest, "self-test", false, "instead of judging, measure how often these gates err on arms that do not differ")
	set.BoolVar(&flags.json, "json", false, "print the report as JSON")
	return cmd
}

func runGate(cmd *cobra.Command, dir string, flags *gateFlags) error {
	candidate, baseline, err := flags.sides(dir)
	if err != nil {
		return err
	}
	exprs, err := flags.exprs(candidate.Gates)
	if err != nil {
		return err
	}
	if flags.selfTest {
		return selfTest(cmd.OutOrStdout(), candidate, baseline, exprs, flags.json)
	}
	report, err := analysis.GateSides(candidate, baseline, exprs)
	if err != nil {
		return wrongInput(err)
	}
	if err := errors.Join(printGates(cmd.OutOrStdout(), report, flags.json), tellGitHub(cmd.ErrOrStderr(), report)); err != nil {
		return err
	}
	return verdictError(report.Verdict)
}

// sides opens what is judged and what it is judged against, which may be nothing.
func (f *gateFlags) sides(dir string) (candidate, baseline *analysis.Side, err error) {
	if candidate, err = openSide(dir, f.arm); err != nil {
		return nil, nil, err
	}
	switch {
	case f.baseline == "" && candidate.Compares(), candidate.HasArm(f.baseline):
		baseline, err = candidate.Against(f.baseline)
		return candidate, baseline, wrongInput(err)
	case f.baseline == "":
		return candidate, nil, nil
	}
	path, err := f.baselinePath(dir)
	if err != nil {
		return nil, nil, err
	}
	baseline, err = openSide(path, "")
	return candidate, baseline, err
}

// baselinePath takes --baseline as a directory, or as the tag of exactly one result.
func (f *gateFlags) baselinePath(dir string) (string, error) {
	if _, err := os.Stat(f.baseline); err == nil {
		return f.baseline, nil
	}
	switch tagged := results.Tagged(resultsRoot, f.baseline); len(tagged) {
	case 1:
		return tagged[0], nil
	case 0:
		return "", usage("--baseline %q is neither a directory nor an arm of %s, nor the tag of a result; to measure another balancer as the baseline, use stickybench compare --arms", f.baseline, dir)
	default:
		return "", usage("--baseline %q is the tag of %d results, such as %s; name one directory", f.baseline, len(tagged), tagged[0])
	}
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
