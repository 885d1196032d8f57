package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/stickybench/stickybench/profiles"
)

func newInit() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a commented experiment to start from (default experiment.yaml)",
		Example: `  stickybench init
  stickybench init checkout.yaml && stickybench run checkout.yaml`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			name := "experiment.yaml"
			if len(names) > 0 {
				name = names[0]
			}
			if err := writeNew(name, profiles.Template(), force); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; play it with: stickybench run %s\n", name, name)
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file")
	return cmd
}

// writeNew does not overwrite what somebody wrote, unless forced.
func writeNew(name string, text []byte, force bool) error {
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		how = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, how, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usage("%s exists; give another name, or --force to overwrite it", name)
	}
	if err != nil {
		return wrongInput(err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func newMan() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages into a directory",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if err := os.MkdirAll(dirs[0], 0o755); err != nil {
				return wrongInput(err)
			}
			return wrongInput(doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "STICKYBENCH", Section: "1", Source: "stickybench " + version()}, dirs[0]))
		},
	}
}
