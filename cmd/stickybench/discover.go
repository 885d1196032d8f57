package main

import (
	"fmt"

	"github.com/spf13/cobra"

	probing "github.com/stickybench/stickybench/analysis/probe"
	"github.com/stickybench/stickybench/loadgen/probe"
	"github.com/stickybench/stickybench/profiles"
)

// otherAddresses keeps the probe's clients apart from the run's users, which a balancer may remember.
const otherAddresses = 0x5eed

// discovered notes in exp what the running balancer routes on, if that was asked for.
func (f *runFlags) discovered(cmd *cobra.Command, exp *profiles.Experiment) error {
	if !f.discover {
		return nil
	}
	if exp.Balancer.URL == "" {
		return usage("--discover asks a balancer that already runs; give --url, or leave it out: of --lb it is known")
	}
	seen, err := probe.Run(cmd.Context(), probe.Options{URL: exp.Balancer.URL, Identify: exp.Balancer.Identify, Seed: exp.Seed ^ otherAddresses})
	if err := probeError(cmd.Context(), err); err != nil {
		return err
	}
	found := probing.Judge(seen)
	if found.Mechanism != probing.Unknown {
		exp.Balancer.RoutesOn = found.Mechanism
	}
	if !f.quiet {
		fmt.Fprintf(cmd.ErrOrStderr(), "probe: %s\n", found.Sentence)
	}
	return nil
}
