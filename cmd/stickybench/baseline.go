package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

// ofRevision begins a --baseline that names a git revision.
const ofRevision = "git:"

// against opens what a recorded result is judged against, which may be nothing, and says how it was found.
func (f *gateFlags) against(ctx context.Context, dir string, candidate *analysis.Side) (baseline *analysis.Side, note []string, err error) {
	switch {
	case f.baseline == "" && candidate.Compares(), candidate.HasArm(f.baseline):
		baseline, err = candidate.Against(f.baseline)
		return baseline, nil, wrongInput(err)
	case f.baseline == "":
		return nil, nil, nil
	}
	path, note, err := f.baselinePath(ctx, dir, candidate)
	if err != nil {
		return nil, nil, err
	}
	baseline, err = openSide(path, armOf(path, candidate.Arm()))
	return baseline, note, err
}

// armOf is the arm if the comparison at path has it; otherwise its first one is meant.
func armOf(path, arm string) string {
	if dir, err := results.OpenComparison(path); err == nil {
		for _, a := range dir.Plan.Arms {
			if a.Name == arm {
				return arm
			}
		}
	}
	return ""
}

// baselinePath takes --baseline as a git revision, as a directory, or as the tag of exactly one result.
func (f *gateFlags) baselinePath(ctx context.Context, dir string, candidate *analysis.Side) (path string, note []string, err error) {
	if revision, ok := strings.CutPrefix(f.baseline, ofRevision); ok {
		return f.revisionPath(ctx, revision, dir, candidate)
	}
	if info, err := os.Stat(f.baseline); err == nil && info.IsDir() {
		return f.baseline, nil, nil
	}
	tagged := results.Tagged(f.root, f.baseline)
	switch {
	case len(tagged) == 1:
		return tagged[0], nil, nil
	case len(tagged) > 1:
		return "", nil, usage("--baseline %q is the tag of %d results, such as %s; name one directory", f.baseline, len(tagged), tagged[0])
	case f.isMeasured():
		return "", nil, usage("--baseline %s is measured, not recorded, and so must be what it is paired with: stickybench gate %s --baseline %q", f.baseline, filepath.Join(dir, "experiment.yaml"), f.baseline)
	}
	return "", nil, usage("--baseline %q is neither a directory nor an arm of %s, nor the tag of a result below %s; a git revision is written git:%s", f.baseline, dir, f.root, f.baseline)
}

// isMeasured says whether --baseline is something that has to be measured beside the candidate.
func (f *gateFlags) isMeasured() bool {
	_, err := os.Stat(f.baseline)
	return err == nil || isURL(f.baseline) || targets.Knows(f.baseline)
}

// revisionPath finds the newest result of a git revision that can be compared with the candidate.
func (f *gateFlags) revisionPath(ctx context.Context, revision, dir string, candidate *analysis.Side) (path string, note []string, err error) {
	commit, err := resolveRevision(ctx, revision)
	if err != nil {
		return "", nil, err
	}
	named := fmt.Sprintf("--baseline git:%s (%s)", revision, results.ShortHash(commit))
	clean, dirty := results.OfRevision(f.root, commit)
	fit, why := f.fitting(clean, dir, candidate)
	switch {
	case len(fit) > 0:
		said := fmt.Sprintf("git:%s is %s: compared with %s, the newest comparable of %s of it", revision, results.ShortHash(commit), fit[0].Path, counted(len(clean), "result"))
		return fit[0].Path, []string{said}, nil
	case why != "":
		return "", nil, usage("%s: none of its results below %s can be compared with %s; the newest: %s", named, f.root, dir, why)
	case dirty > 0:
		return "", nil, usage("%s: %s of it below %s was made with uncommitted changes and is not taken for it; commit them and record it again: stickybench run", named, counted(dirty, "result"), f.root)
	}
	return "", nil, usage("%s has no result below %s; record one: git switch --detach %s && stickybench run, or name one: stickybench results tag DIR git:%s",
		named, f.root, results.ShortHash(commit), results.ShortHash(commit))
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// fitting are the results that can be compared with the candidate, those that measured something first, and why
// the newest cannot when none does.
func (f *gateFlags) fitting(list []results.Recorded, dir string, candidate *analysis.Side) (fit []results.Recorded, why string) {
	var invalid []results.Recorded
	for _, r := range list {
		if sameFile(r.Path, dir) {
			continue
		}
		switch unlike := incomparable(candidate, r); {
		case unlike != "":
			if why == "" {
				why = r.Path + ": " + unlike
			}
		case recordedInvalid(r.Path):
			invalid = append(invalid, r)
		default:
			fit = append(fit, r)
		}
	}
	return append(fit, invalid...), why
}

func incomparable(candidate *analysis.Side, r results.Recorded) string {
	if results.IsComparison(r.Path) != candidate.Compares() {
		return "one is a run, the other a comparison"
	}
	paths := results.RunPaths(r.Path)
	if len(paths) == 0 {
		return "it has no finished block"
	}
	d, err := results.Open(paths[0])
	if err != nil {
		return err.Error()
	}
	why, err := candidate.Incomparable(d)
	if err != nil {
		return err.Error()
	}
	return why
}

// recordedInvalid says whether the result's own report found its machine too busy.
func recordedInvalid(path string) bool {
	report, err := storedReport(path)
	return err == nil && report.Verdict == results.Invalid
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	two, too := os.Stat(b)
	return err == nil && too == nil && os.SameFile(one, two)
}
