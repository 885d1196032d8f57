package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

// The arms of an experiment that is measured against another balancer.
const (
	candidateArm = "candidate"
	baselineArm  = "baseline"
)

// gateMeasured plays candidate and baseline in paired blocks and judges the first against the second.
func gateMeasured(cmd *cobra.Command, path string, flags *gateFlags) error {
	exp, base, err := flags.experiments(cmd, path)
	if err != nil {
		return err
	}
	dir, err := flags.plan(exp, base)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "results: %s\n", dir.Path())
	if err := playBlocks(cmd.Context(), exp, dir, flags.course(cmd.ErrOrStderr(), exp, dir)); err != nil {
		return err
	}
	if cmd.Context().Err() != nil {
		return exit{exitInterrupted, errors.New("interrupted; finished blocks are kept: repeat the command line with --out " + dir.Path() + " to go on")}
	}
	flags.baseline, flags.reports = "", append(flags.reports, filepath.Join(dir.Path(), "report.json"))
	return gateRecorded(cmd, dir.Path(), flags)
}

// experiments resolves the candidate with its gates, and what it is measured against.
func (f *gateFlags) experiments(cmd *cobra.Command, path string) (exp, base *profiles.Experiment, err error) {
	if err := fromEnvironment(cmd.Flags()); err != nil {
		return nil, nil, err
	}
	given := cmd.Flags().Changed
	if exp, err = f.resolve(path, func(name string) bool { return name != "gate" && given(name) }); err != nil {
		return nil, nil, err
	}
	if f.arm != "" {
		return nil, nil, usage("--arm %q: the candidate of an experiment is judged; leave --arm out", f.arm)
	}
	if err := checkBlocks(f.blocks); err != nil {
		return nil, nil, err
	}
	if base, err = f.baselineOf(exp, path, given); err != nil {
		return nil, nil, err
	}
	if exp.Gates, err = f.exprs(exp.Gates); err != nil {
		return nil, nil, err
	}
	if !slices.ContainsFunc(exp.Gates, analysis.OnChange) {
		return nil, nil, usage(`no gate is on a change against the baseline: give --gate "latency.response.p99 < +5%%", or use stickybench run for limits alone`)
	}
	return exp, base, nil
}

// baselineOf is the candidate's experiment on what --baseline names.
func (f *gateFlags) baselineOf(exp *profiles.Experiment, path string, given func(string) bool) (*profiles.Experiment, error) {
	base, what := *exp, f.baseline
	info, err := os.Stat(what)
	switch {
	case what == "":
		return nil, usage("%s is an experiment, which is measured against a --baseline such as haproxy:cookie or before.yaml; for limits alone use stickybench run %s", path, path)
	case isURL(what):
		base.Balancer.Use, base.Balancer.URL = "", what
	case targets.Knows(what):
		base.Balancer.Use, base.Balancer.URL = what, ""
	case err == nil && !info.IsDir() && f.isExperiment(exp):
		return f.experimentOf(exp, path, given)
	case err == nil && !info.IsDir():
		return f.templateOf(exp)
	case err == nil, strings.HasPrefix(what, ofRevision), len(results.Tagged(f.root, what)) > 0:
		return nil, usage("--baseline %s is recorded, and %s would be measured: record it first with stickybench run %s --out DIR, then stickybench gate DIR --baseline %s",
			what, cmp.Or(path, "the built-in experiment"), path, what)
	default:
		return nil, usage("--baseline %q is no balancer (see stickybench balancers list), experiment, template or URL, and no file of that name exists", what)
	}
	return &base, nil
}

// isExperiment tells an experiment from a balancer's template. YAML is an experiment, but where the candidate's
// own template is YAML too only what decodes as one.
func (f *gateFlags) isExperiment(exp *profiles.Experiment) bool {
	if !isYAML(f.baseline) || !isYAML(exp.Balancer.Config) {
		return isYAML(f.baseline)
	}
	_, err := readExperiment(f.baseline)
	return err == nil
}

// experimentOf reads another experiment, which may differ in what it measures only. Flags of the load are for
// both, those of the balancer for the candidate.
func (f *gateFlags) experimentOf(exp *profiles.Experiment, path string, given func(string) bool) (*profiles.Experiment, error) {
	base, err := f.resolve(f.baseline, func(name string) bool {
		return given(name) && !slices.Contains([]string{"gate", "lb", "lb-config", "store"}, name)
	})
	if err != nil {
		return nil, err
	}
	if unlike := analysis.Unlike(exp, base); unlike != "" {
		return nil, usage("%s and %s cannot be compared: %s; they may differ in lb and store only", cmp.Or(path, "the built-in experiment"), f.baseline, unlike)
	}
	return base, nil
}

// templateOf is the candidate's balancer with another configuration.
func (f *gateFlags) templateOf(exp *profiles.Experiment) (*profiles.Experiment, error) {
	if !strings.Contains(exp.Balancer.Use, "{config}") {
		return nil, usage("--baseline %s is a balancer's template, and lb %q takes none; use --lb \"exec:CMD {config}\" with --lb-config, or another experiment (.yaml)",
			f.baseline, cmp.Or(exp.Balancer.Use, exp.Balancer.URL))
	}
	base := *exp
	base.Balancer.Config = f.baseline
	return &base, readTemplate(&base)
}

// plan fixes arms and gates, or continues what was fixed.
func (f *gateFlags) plan(exp, base *profiles.Experiment) (*results.ComparisonDir, error) {
	plan := results.Plan{Name: exp.Name, Seed: exp.Seed, Blocks: f.blocks, Gates: exp.Gates, CrashesPerDay: 1, DeploysPerDay: 1}
	for i, e := range []*profiles.Experiment{exp, base} {
		target, err := e.EncodeTarget()
		if err != nil {
			return nil, err
		}
		name := [...]string{candidateArm, baselineArm}[i]
		plan.Arms = append(plan.Arms, results.Arm{Name: name, LB: cmp.Or(e.Balancer.Use, e.Balancer.URL), Store: e.Store.Use, Target: target})
	}
	if err := checkArms(plan.Arms, exp); err != nil {
		return nil, err
	}
	text, err := exp.Encode()
	if err != nil {
		return nil, err
	}
	dir, err := results.ResumeComparison(cmp.Or(f.out, defaultOut(exp, "gate")), plan, text)
	return dir, wrongInput(err)
}

func isYAML(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}

func isURL(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}
