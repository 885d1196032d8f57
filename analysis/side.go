package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// Side is one side of a gate: a run, or one arm of a comparison, block by block.
type Side struct {
	Report *results.Report // what absolute gates are judged on
	Gates  []string        // of the experiment
	name   string
	inputs []input
	blocks []*results.Report
	arm    int
	plan   *results.Plan // nil for a run
	row    *comparison   // nil for a run
	short  string        // why the comparison is not complete
}

// OpenRun takes a run directory as a side.
func OpenRun(d *results.Dir) (*Side, error) {
	in, err := open(d)
	if err != nil {
		return nil, err
	}
	report, err := Analyze(d)
	if err != nil {
		return nil, err
	}
	return &Side{Report: report, Gates: in.experiment.Gates, name: in.name, inputs: []input{in}, blocks: []*results.Report{report}}, nil
}

// OpenArm takes one arm of a comparison as a side; "" is its first arm.
func OpenArm(d *results.ComparisonDir, arm string) (*Side, error) {
	finished, invalid, kept, err := analyzeBlocks(d)
	if err != nil {
		return nil, err
	}
	report, err := compare(d.Plan, finished, invalid)
	if err != nil {
		return nil, err
	}
	distrustComparison(report, d, finished, kept)
	s := &Side{Report: report, Gates: d.Plan.Gates, plan: &d.Plan, row: &comparison{plan: d.Plan}, name: arm}
	s.row.choose(finished, invalid)
	if len(finished) < d.Plan.Blocks {
		s.short = fmt.Sprintf("%d of %d blocks are finished: what was planned is judged when it is complete", len(finished), d.Plan.Blocks)
	}
	if err := s.choose(arm); err != nil {
		return nil, err
	}
	return s, s.openInputs(d, kept, finished)
}

// choose takes the arm's blocks.
func (s *Side) choose(arm string) error {
	if arm != "" {
		s.arm = slices.IndexFunc(s.plan.Arms, func(a results.Arm) bool { return a.Name == arm })
	}
	if s.arm < 0 {
		var names []string
		for _, a := range s.plan.Arms {
			names = append(names, a.Name)
		}
		return fmt.Errorf("no arm %q in this comparison; it has %s", arm, strings.Join(names, ", "))
	}
	s.name, s.blocks = s.plan.Arms[s.arm].Name, nil
	for _, row := range s.row.blocks {
		s.blocks = append(s.blocks, row[s.arm])
	}
	return nil
}

// openInputs reads what the arm's runs were, for comparability, of the blocks that are kept.
func (s *Side) openInputs(d *results.ComparisonDir, blocks []int, finished [][]*results.Report) error {
	for i, k := range blocks {
		if !slices.ContainsFunc(s.row.blocks, func(row []*results.Report) bool { return row[0] == finished[i][0] }) {
			continue
		}
		dir, err := results.Open(d.RunPath(k, s.name))
		if err != nil {
			return err
		}
		in, err := open(dir)
		if err != nil {
			return err
		}
		s.inputs = append(s.inputs, in)
	}
	return nil
}

// Against is another arm of the same comparison as the baseline; "" is the second.
func (s *Side) Against(arm string) (*Side, error) {
	other := *s
	if arm == "" {
		other.arm = 1
	}
	return &other, other.choose(arm)
}

// HasArm says whether the side comes from a comparison with that arm.
func (s *Side) HasArm(name string) bool {
	return s.plan != nil && slices.ContainsFunc(s.plan.Arms, func(a results.Arm) bool { return a.Name == name })
}

// Arm is the name of the side's arm, "" for a run.
func (s *Side) Arm() string {
	if s.plan == nil {
		return ""
	}
	return s.name
}

// Compares says whether the side comes from a comparison.
func (s *Side) Compares() bool { return s.plan != nil }

// GateSides judges gates on the candidate, those on a change against the baseline, which may be nil.
func GateSides(candidate, baseline *Side, exprs []string) (*results.Report, error) {
	report := *candidate.Report
	p, notes, err := pairUp(candidate, baseline)
	if err != nil {
		return nil, err
	}
	if report.Checks, err = judgeGates(&report, p, exprs); err != nil {
		return nil, err
	}
	report.Warnings = append(slices.Clone(report.Warnings), notes...)
	worst, reasons := gated(report.Checks)
	if baseline != nil && baseline.Report != candidate.Report && baseline.Report.Verdict == results.Invalid {
		worst, reasons = results.Invalid, append([]string{"baseline: " + baseline.Report.Reasons[0]}, reasons...)
	}
	if report.Verdict == results.Invalid {
		worst, reasons = results.Invalid, append([]string{report.Reasons[0]}, reasons...)
	}
	if candidate.short != "" && worst == results.Pass {
		worst, reasons = results.Inconclusive, []string{candidate.short}
	}
	if len(reasons) == 0 {
		reasons = []string{fmt.Sprintf("all %d gates passed", len(report.Checks))}
	}
	report.Verdict, report.Reasons = worst, reasons
	return &report, nil
}

// pairUp matches the blocks of both sides, after refusing what cannot be compared.
func pairUp(candidate, baseline *Side) (p *pairs, notes []string, err error) {
	if baseline == nil {
		return nil, nil, nil
	}
	n := min(len(candidate.blocks), len(baseline.blocks))
	if candidate.row == nil || candidate.row != baseline.row {
		for i := range n {
			if why := incomparable(candidate.inputs[i], baseline.inputs[i]); why != "" {
				return nil, nil, fmt.Errorf("%s and %s cannot be compared: %s; measure both side by side with `stickybench gate EXPERIMENT.yaml --baseline` or `compare`", candidate.name, baseline.name, why)
			}
		}
		notes = append(notes, apart(candidate, baseline)...)
	}
	return &pairs{candidate: candidate.blocks[:n], baseline: baseline.blocks[:n]}, notes, nil
}

// apart is what must be known of a baseline that was measured by itself.
func apart(candidate, baseline *Side) []string {
	notes := []string{"candidate and baseline ran at different times: what else changed on the machine in between is part of the difference"}
	if len(baseline.Report.Runs) > 0 {
		notes = append([]string{"the baseline is " + baseline.Report.Runs[baseline.arm].Facts()}, notes...)
	}
	if len(candidate.inputs) > 0 && len(baseline.inputs) > 0 {
		if a, b := candidate.inputs[0].run.Version, baseline.inputs[0].run.Version; a != b {
			notes = append(notes, fmt.Sprintf("stickybench %s measured the candidate and %s the baseline: what changed in it is part of the difference", a, b))
		}
	}
	return notes
}
