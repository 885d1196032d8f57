// Command stickybench load-tests and benchmarks the session affinity of HTTP load balancers.
//
// Each subcommand is one file. This package is the only place that knows of command lines,
// signals and exit codes; everything it calls is a library.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(execute()) }

// execute runs the command line. The first signal cancels the context, so that a run winds down
// and leaves a complete directory; after it a second one kills at once.
func execute() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	err := newRoot().ExecuteContext(ctx)
	if message := describe(err); message != "" {
		fmt.Fprintln(os.Stderr, "stickybench: "+message)
	}
	return exitCode(err)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "stickybench",
		Short: "Measure session affinity (sticky sessions) of any HTTP load balancer",
		Long: `stickybench replays mixed user profiles against a load balancer and reports whether
sessions stick, what is lost when an instance dies, and how uneven the load is.

Start with:  stickybench run`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%v; see `%s --help`", err, cmd.CommandPath())
	})
	root.AddCommand(newRun(), newCompare(), newAnalyze(), newGate(), newReport(), newProfiles(), newResults(),
		newServe(), newProbe(), newBalancers(), newScenarios(), newBench(), newDoctor(), newInit(), newMan(), newVersion())
	offerCompletions(root)
	return root
}
