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
  stickybench compare --margin 0.2ms --gate "saving.p50 > 0.1ms" -o nightly`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
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
	case f.blocks < 1 || f.blocks > mostBlocks:
		return nil, usage("--blocks %d; use 1 to %d, at least 6 for a verdict", f.blocks, mostBlocks)
	case f.margin < 0:
		return nil, usage("--margin %v is negative; use how much slower still counts as equal, such as 0.2ms", f.margin)
	}
	arms, err := parseArms(f.arms, exp)
	if err != nil {
		return nil, err
	}
	text, err := exp.Encode()
	if err != nil {
		return nil, err
	}
	plan := results.Plan{Name: exp.Name, Seed: exp.Seed, Arms: arms, Blocks: f.blocks, Margin: f.margin, Gates: exp.Gates}
	dir, err := results.ResumeComparison(cmp.Or(f.out, defaultOut(exp, "compare")), plan, text)
	return dir, wrongInput(err)
}

// playBlocks plays every block that is not finished, until ctx ends. An unfinished block is played
// anew from its first arm: arms that ran hours apart are no pair.
func playBlocks(ctx context.Context, exp *profiles.Experiment, dir *results.ComparisonDir, c *course) error {
	for k := 1; k <= dir.Plan.Blocks && ctx.Err() == nil; k++ {
		if dir.Finished(k) {
			continue
		}
		if err := dir.Discard(k); err != nil {
			return err
		}
		for _, i := range armOrder(exp.Seed, k, len(dir.Plan.Arms)) {
			arm := dir.Plan.Arms[i]
			run, err := play(ctx, armExperiment(exp, arm, blockSeed(exp.Seed, k)), dir.RunPath(k, arm.Name), c.begin(k, arm.Name))
			if err != nil {
				return fmt.Errorf("block %d, %s: %w", k, arm.Name, err)
			}
			if _, err := judge(run); err != nil || ctx.Err() != nil {
				return err
			}
			c.end()
		}
	}
	return nil
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
}

func (f *compareFlags) course(w io.Writer, exp *profiles.Experiment, dir *results.ComparisonDir) *course {
	c := &course{blocks: dir.Plan.Blocks, typical: time.Duration(exp.Duration)}
	for k := 1; k <= dir.Plan.Blocks; k++ {
		if !dir.Finished(k) {
			c.left += len(dir.Plan.Arms)
		}
	}
	c.view = func() *view { return f.runFlags.view(w, exp) }
	return c
}

// begin opens an arm-run and gives who follows it.
func (c *course) begin(block int, arm string) observers {
	c.beganAt = time.Now()
	c.announced = fmt.Sprintf("block %d/%d %s", block, c.blocks, arm)
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
