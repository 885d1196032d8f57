package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

// completions are the values that a shell offers for a flag, whichever command has it; for some no more than that no
// file is meant.
func completions(ctx context.Context, flag string) (names []string) {
	switch flag {
	case "lb", "lb-front":
		for _, b := range targets.Available(ctx) {
			names = append(names, b.Use)
		}
	case "mix":
		return profiles.MixNames()
	case "profile":
		return profiles.ProfileNames()
	case "engine":
		return []string{"auto", "portable"}
	case "store":
		return []string{"memory", "embedded", "redis://", "memcached://", "postgres://"}
	case "gate":
		for _, q := range results.Catalog() {
			names = append(names, q.Name)
		}
	}
	return names
}

// offerCompletions registers the values of every flag below cmd.
func offerCompletions(cmd *cobra.Command) {
	for _, flag := range []string{"mix", "profile", "engine", "store", "lb", "lb-front", "gate", "weights", "max-connections"} {
		if cmd.Flags().Lookup(flag) != nil {
			// The flag is there and has no completion yet: nothing can fail.
			_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
				return completions(cmd.Context(), flag), cobra.ShellCompDirectiveNoFileComp
			})
		}
	}
	for _, sub := range cmd.Commands() {
		offerCompletions(sub)
	}
}
