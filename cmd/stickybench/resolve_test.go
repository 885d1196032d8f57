package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// The front of an experiment can be put there, renamed and taken away.
func TestFlagsSayWhatStandsInFront(t *testing.T) {
	two := filepath.Join(t.TempDir(), "two.yaml")
	if err := os.WriteFile(two, []byte("lb: {use: builtin:cookie, front: {use: builtin:table, cookie: OUTER}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file string
		args []string
		want *profiles.Front
	}{
		{"", nil, nil},
		{"", []string{"--lb-front", "builtin:cookie", "--lb-front-cookie", "OUTER"}, &profiles.Front{Use: "builtin:cookie", Cookie: "OUTER"}},
		{two, []string{"--lb-front", "builtin:cookie"}, &profiles.Front{Use: "builtin:cookie", Cookie: "OUTER"}},
		{two, []string{"--lb-front-cookie", "F"}, &profiles.Front{Use: "builtin:table", Cookie: "F"}},
		{two, []string{"--lb-front="}, nil},
	} {
		var f runFlags
		cmd := &cobra.Command{}
		f.register(cmd.Flags())
		if err := cmd.ParseFlags(c.args); err != nil {
			t.Fatal(err)
		}
		exp, err := f.resolve(c.file, cmd.Flags().Changed)
		if err != nil || !cmp.Equal(exp.Balancer.Front, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.args, exp.Balancer.Front, err, c.want)
		}
	}
}
