package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/results"
)

func newReport() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "report RUN_DIR",
		Short: "Print the report of a finished run in another format",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if format != "terminal" && format != "json" {
				return usage("--format %q is unknown; use terminal or json", format)
			}
			report, err := storedReport(dirs[0])
			if err != nil {
				return err
			}
			return writeTo(cmd.OutOrStdout(), out, func(w io.Writer) error {
				return print(w, report, format == "json")
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "terminal", "terminal or json")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this file instead of standard output")
	return cmd
}

// storedReport reads the report.json of a run directory.
func storedReport(dir string) (*results.Report, error) {
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("%s has no report.json; draw it with `stickybench analyze %s`", dir, dir)
	}
	if err != nil {
		return nil, wrongInput(err)
	}
	report, err := results.DecodeReport(data)
	if err != nil {
		return nil, usage("%s: %w", filepath.Join(dir, "report.json"), err)
	}
	return report, nil
}

// writeTo calls write with the file at path, or with stdout when path is empty.
func writeTo(stdout io.Writer, path string, write func(io.Writer) error) error {
	if path == "" {
		return write(stdout)
	}
	f, err := os.Create(path)
	if err != nil {
		return usage("writing the report: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
