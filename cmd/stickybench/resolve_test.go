package main

import (
	"slices"
	"testing"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/profiles"
)

// What only the file could say once can be said by every command that starts instances.
func TestFlagsSayWhatInstancesMayTake(t *testing.T) {
	for name, register := range map[string]func(*runFlags, *cobra.Command){
		"run":           func(f *runFlags, c *cobra.Command) { f.register(c.Flags()) },
		"compare, gate": func(f *runFlags, c *cobra.Command) { f.registerLoad(c.Flags()) },
	} {
		var f runFlags
		cmd := &cobra.Command{}
		register(&f, cmd)
		if err := cmd.ParseFlags([]string{"--weights", "10,10,1", "--max-connections", "7"}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		exp, err := f.resolve("", cmd.Flags().Changed)
		if err != nil || !slices.Equal(exp.Backends.Weights, []profiles.Weight{10, 10, 1}) || exp.Backends.MaxConnections != 7 {
			t.Errorf("%s: %+v, %v", name, exp, err)
		}
	}
}

// A shell that is told nothing of a flag offers files.
func TestNoFilesAreOfferedForNumbers(t *testing.T) {
	cmd := newRun()
	offerCompletions(cmd)
	for _, flag := range []string{"weights", "max-connections"} {
		offer, ok := cmd.GetFlagCompletionFunc(flag)
		if !ok {
			t.Errorf("--%s has no completion", flag)
			continue
		}
		if names, directive := offer(cmd, nil, ""); len(names) > 0 || directive != cobra.ShellCompDirectiveNoFileComp {
			t.Errorf("--%s offers %q, %v", flag, names, directive)
		}
	}
}
