package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/loadgen"
)

func newDoctor() *cobra.Command {
	var users int
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Is this machine fit to measure: limits, clock, cores, ports",
		Long:  "Doctor looks at what measuring depends on and says how to mend what is not fit. It changes nothing and always ends with 0.",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			out := cmd.OutOrStdout()
			for _, f := range loadgen.Fitness(users) {
				if f.Advice == "" {
					fmt.Fprintf(out, "ok    %s: %s\n", f.What, f.Saw)
				} else {
					fmt.Fprintf(out, "look  %s: %s\n      %s\n", f.What, f.Saw, f.Advice)
				}
			}
			return nil
		},
	}
	cmd.Flags().IntVarP(&users, "users", "u", 1000, "concurrent users to be fit for")
	return cmd
}
