package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/loadgen"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// compareFlags are those of `run`, but for what the arms say.
type compareFlags struct {
	runFlags
	blocks int
	arms   []string
	margin time.Duration
	// equalCPU adds the first arm at equal CPU of the hottest instance.
	equalCPU         bool
	crashes, deploys float64 // per day
	claims, quick    bool
}

// Blocks of a comparison; more than mostBlocks is beyond the exact sign-flip test.
const (
	defaultBlocks = 10
	mostBlocks    = 36
)

func newCompare() *cobra.Command {
	var flags compareFlags
	cmd := &cobra.Command{
		Use:   "compare [EXPERIMENT.yaml]",
		Short: "Compare sticky sessions with an external store, or any arms, in paired blocks",
		Long: `Every block runs each arm once, in random order, with fresh processes and sessions and the same
arrivals; figures are differences within blocks, with 95 % intervals over the blocks.
The same command line with the same --out continues a comparison that was interrupted.`,
		Example: `  stickybench compare
  stickybench compare --blocks 12 --duration 20s --no-faults --arms 2x2
  stickybench compare --arms cookie=haproxy:cookie/memory,spread=builtin:round-robin/embedded
  stickybench compare --store redis:start --store-rtt same-zone --equal-cpu
  stickybench compare --claims --quick
  stickybench compare --margin 0.2ms --gate "saving.p50 > 0.1ms" -o nightly`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			if flags.claims && len(files) == 0 {
				return runClaims(cmd, &flags)
			}
			if flags.claims || flags.quick {
				return usage("--claims has experiments of its own and --quick shortens them; use both without a file")
			}
			exp, err := flags.experiment(cmd, strings.Join(files, ""))
			if err != nil {
				return err
			}
			return runComparison(cmd, exp, &flags)
		},
	}
	set := cmd.Flags()
	set.IntVar(&flags.blocks, "blocks", defaultBlocks, "paired blocks; fewer than 6 give no verdict")
	set.StringSliceVar(&flags.arms, "arms", nil, "2x2, or NAME=LB/STORE of each arm (default sticky+memory, spread+store)")
	set.DurationVar(&flags.margin, "margin", 0, "require that the first arm is nowhere slower than the second by more than this")
	set.BoolVar(&flags.equalCPU, "equal-cpu", false, "also play the first arm with as many instances as make its hottest as hot as the second arm's")
	set.BoolVar(&flags.claims, "claims", false, "put the well-known claims about sticky sessions to the test: about 15 minutes")
	set.BoolVar(&flags.quick, "quick", false, "with --claims: fewer of them, in about 3 minutes")
	set.Float64Var(&flags.crashes, "crashes-per-day", 1, "crashes that sessions lost per day are told for")
	set.Float64Var(&flags.deploys, "deploys-per-day", 1, "rolling deploys that sessions lost per day are told for")
	set.StringVar(&flags.store, "store", "", "external store of the built-in arms (default embedded)")
	flags.registerLoad(set)
	flags.registerReport(set)
	return cmd
}

// runComparison plays the blocks that are not finished yet and reports over all.
func runComparison(cmd *cobra.Command, exp *profiles.Experiment, flags *compareFlags) error {
	dir, err := flags.open(exp)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "results: %s\n", dir.Path())
	if err := playBlocks(cmd.Context(), exp, dir, flags.course(cmd.ErrOrStderr(), exp, dir)); err != nil {
		return err
	}
	err = concludeComparison(streamsOf(cmd), dir, flags.json)
	if cmd.Context().Err() != nil {
		return exit{exitInterrupted, errors.New("interrupted; finished blocks are kept: repeat the command line with --out " + dir.Path() + " to go on")}
	}
	return err
}

// open fixes the plan and makes its directory, or continues it.
func (f *compareFlags) open(exp *profiles.Experiment) (*results.ComparisonDir, error) {
	switch {
	case f.margin < 0:
		return nil, usage("--margin %v is negative; use how much slower still counts as equal, such as 0.2ms", f.margin)
	case !(f.crashes >= 0 && f.deploys >= 0):
		return nil, usage("--crashes-per-day %v, --deploys-per-day %v: neither may be negative; use 0 for none", f.crashes, f.deploys)
	}
	if err := checkBlocks(f.blocks); err != nil {
		return nil, err
	}
	arms, err := parseArms(f.arms, exp)
	if err != nil {
		return nil, err
	}
	if f.equalCPU {
		arms = append(arms, results.Arm{Name: arms[0].Name + "-equal-cpu", LB: arms[0].LB, Store: arms[0].Store, EqualCPU: true})
	}
	text, err := exp.Encode()
	if err != nil {
		return nil, err
	}
	plan := results.Plan{Name: exp.Name, Seed: exp.Seed, Arms: arms, Blocks: f.blocks, Margin: f.margin, Gates: exp.Gates,
		CrashesPerDay: f.crashes, DeploysPerDay: f.deploys}
	dir, err := results.ResumeComparison(cmp.Or(f.out, defaultOut(exp, "compare")), plan, text)
	return dir, wrongInput(err)
}

func checkBlocks(n int) error {
	if n < 1 || n > mostBlocks {
		return usage("--blocks %d; use 1 to %d, at least 6 for a verdict", n, mostBlocks)
	}
	return nil
}

// playBlocks plays every block that is not finished, until ctx ends; the pilot comes first where an arm
// is sized by it. An unfinished block is played anew from its first arm: arms that ran hours apart are no
// pair.
func playBlocks(ctx context.Context, exp *profiles.Experiment, dir *results.ComparisonDir, c *course) error {
	for k := firstBlock(dir.Plan); k <= dir.Plan.Blocks && ctx.Err() == nil; k++ {
		if dir.Finished(k) {
			continue
		}
		if err := dir.Discard(k); err != nil {
			return err
		}
		if err := playBlock(ctx, exp, dir, k, c); err != nil {
			return err
		}
	}
	return nil
}

func firstBlock(plan results.Plan) int {
	if _, ok := plan.EqualCPU(); ok {
		return results.Pilot
	}
	return results.Pilot + 1
}

// playBlock plays the arms of a block until ctx ends.
func playBlock(ctx context.Context, exp *profiles.Experiment, dir *results.ComparisonDir, k int, c *course) error {
	arms := dir.Plan.ArmsOf(k)
	for _, i := range armOrder(exp.Seed, k, len(arms)) {
		arm := arms[i]
		e, err := armExperiment(exp, arm, blockSeed(exp.Seed, k))
		if err != nil {
			return err
		}
		if arm.EqualCPU {
			if err := sizeByPilot(e, dir); err != nil {
				return err
			}
		}
		run, err := play(ctx, e, dir.RunPath(k, arm.Name), c.begin(k, arm.Name))
		if err != nil {
			return fmt.Errorf("block %d, %s: %w", k, arm.Name, err)
		}
		if _, err := judge(run); err != nil || ctx.Err() != nil {
			return err
		}
		c.end()
	}
	return nil
}

// sizeByPilot gives the experiment the instances that the pilot says, but at least those that its faults
// name.
func sizeByPilot(e *profiles.Experiment, dir *results.ComparisonDir) error {
	planned := e.Backends.Count
	needed, err := analysis.EqualCPU(dir)
	if err != nil {
		return err
	}
	for e.Backends.Count = needed; e.Backends.Count < planned && e.Validate() != nil; {
		e.Backends.Count++
	}
	return e.Validate()
}

// blockSeed is the seed that all arms of a block share: other users in each block, the same in each arm.
func blockSeed(seed uint64, block int) uint64 {
	return profiles.NewRand(seed, uint64(block)).Uint64() >> 32
}

// armOrder shuffles the arms of a block, so that no arm always runs first or on a warmer machine.
func armOrder(seed uint64, block, arms int) []int {
	order, random := make([]int, arms), profiles.NewRand(seed, uint64(block), uint64(arms))
	for i := range order {
		j := int(random.Float() * float64(i+1))
		order[i], order[j] = order[j], i
	}
	return order
}

// course knows how far a comparison has come.
type course struct {
	view      func() *view // gives nil when none is wanted
	blocks    int
	left      int           // arm-runs that are still to come, the current one included
	typical   time.Duration // of an arm-run
	spent     time.Duration // on those that ended
	ended     int
	beganAt   time.Time
	announced string
	trial     string // of the claims, before everything else
}

func (f *runFlags) course(w io.Writer, exp *profiles.Experiment, dir *results.ComparisonDir) *course {
	c := &course{blocks: dir.Plan.Blocks, typical: time.Duration(exp.Duration)}
	for k := firstBlock(dir.Plan); k <= dir.Plan.Blocks; k++ {
		if !dir.Finished(k) {
			c.left += len(dir.Plan.ArmsOf(k))
		}
	}
	c.view = func() *view { return f.view(w, exp) }
	return c
}

// begin opens an arm-run and gives who follows it.
func (c *course) begin(block int, arm string) observers {
	c.beganAt = time.Now()
	c.announced = fmt.Sprintf("%sblock %d/%d %s", c.trial, block, c.blocks, arm)
	view := c.view()
	if view != nil {
		view.place = c.place
	}
	return observers{view: view}
}

// place says which arm-run this is and how long all will still take.
func (c *course) place(now loadgen.Progress) string {
	remaining := max(0, time.Duration(c.left)*c.typical-now.Elapsed)
	return fmt.Sprintf("%s, %v left", c.announced, remaining.Round(time.Second))
}

// end counts an arm-run; from the first one on the estimate is what they really took.
func (c *course) end() {
	c.spent += time.Since(c.beganAt)
	c.ended++
	c.left--
	c.typical = c.spent / time.Duration(c.ended)
}
