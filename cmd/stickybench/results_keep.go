package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/results"
)

func newResultsTag() *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use:     "tag DIR TAG...",
		Short:   "Name a result: a tagged one is kept by prune, and found by gate --baseline",
		Example: "  stickybench results tag stickybench-results/20260101-120000-main-haproxy main git:4fd5de4",
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(_ *cobra.Command, given []string) error {
			dir, named := given[0], given[1:]
			if !results.IsResult(dir) {
				return usage("%s is no run, comparison or series", dir)
			}
			tags, err := results.Tags(dir)
			if err != nil {
				return wrongInput(err)
			}
			tags = slices.DeleteFunc(tags, func(tag string) bool { return slices.Contains(named, tag) })
			if !remove {
				tags = append(tags, named...)
			}
			return wrongInput(results.SetTags(dir, tags))
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "take the tags off")
	return cmd
}

func newResultsPrune() *cobra.Command {
	var keep int
	var older time.Duration
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune [DIR]",
		Short: "Remove old results below DIR; tagged ones stay",
		Example: `  stickybench results prune --keep 20
  stickybench results prune --older-than 720h --dry-run`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if keep < 0 || older < 0 || keep == 0 && older == 0 {
				return usage("say what may go: --keep N leaves the N newest, --older-than 720h leaves what is younger")
			}
			return prune(cmd.OutOrStdout(), rootOf(given), keep, older, dry)
		},
	}
	cmd.Flags().IntVar(&keep, "keep", 0, "leave so many of the newest")
	cmd.Flags().DurationVar(&older, "older-than", 0, "leave what is younger than this")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only say what would go")
	return cmd
}

func rootOf(given []string) string {
	if len(given) == 1 {
		return given[0]
	}
	return resultsRoot
}

// aged is a result directory and when it began.
type aged struct {
	path string
	at   time.Time
}

// prunable lists untagged results, newest first. A directory with unreadable tags is not touched.
func prunable(root string) (list []aged, err error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, usage("pruning: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(root, e.Name())
		tags, err := results.Tags(path)
		info, statErr := e.Info()
		if err == nil && statErr == nil && e.IsDir() && len(tags) == 0 && results.IsResult(path) {
			at := info.ModTime() // of what cannot be read
			record := results.RecordOf
			if results.IsSeries(path) {
				record = results.RecordOfSeries
			}
			if r, ok := record(path); ok {
				at = r.Start.Wall() // a report that is drawn again makes no result younger
			}
			list = append(list, aged{path, at})
		}
	}
	slices.SortFunc(list, func(a, b aged) int { return b.at.Compare(a.at) })
	return list, nil
}

func prune(w io.Writer, root string, keep int, older time.Duration, dry bool) error {
	list, err := prunable(root)
	if err != nil {
		return err
	}
	for i, r := range list {
		if i < keep || time.Since(r.at) < older {
			continue
		}
		if !dry {
			if err := os.RemoveAll(r.path); err != nil {
				return usage("pruning: %w", err)
			}
		}
		fmt.Fprintf(w, "%s %s\n", map[bool]string{true: "would remove", false: "removed"}[dry], r.path)
	}
	return nil
}

func newResultsMerge() *cobra.Command {
	return &cobra.Command{
		Use:   "merge OUT RUN_DIR RUN_DIR...",
		Short: "Make one run of the shards of one: the same experiment, other users",
		Args:  args(cobra.MinimumNArgs(3)),
		RunE: func(_ *cobra.Command, given []string) error {
			var parts []*results.Dir
			for _, path := range given[1:] {
				dir, err := results.Open(path)
				if err != nil {
					return wrongInput(err)
				}
				if found := dir.Damage(); len(found) > 0 {
					return usage("%s is damaged or incomplete: %s", path, found[0])
				}
				parts = append(parts, dir)
			}
			return wrongInput(results.Merge(given[0], parts))
		},
	}
}

func newResultsDiff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff DIR DIR",
		Short: "Show how the metrics of two results differ; gate --baseline judges whether that means anything",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			a, err := trustedReport(dirs[0])
			if err != nil {
				return err
			}
			b, err := trustedReport(dirs[1])
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			return results.Diff(w, a, b, terminalWidth(w), colored(w))
		},
	}
}

func newResultsExport() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "export RUN_DIR",
		Short: "Write the records of a run for other programs, one file for each kind",
		Long:  "docs/data.md describes the columns and shows queries.",
		Example: `  stickybench results export results/run --format parquet -o data
  stickybench results export results/run --format hlog -o data`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, dirs []string) error {
			if !slices.Contains(results.ExportFormats(), format) {
				return usage("--format %q is unknown; use one of %v", format, results.ExportFormats())
			}
			dir, err := results.Open(dirs[0])
			if err != nil {
				return wrongInput(err)
			}
			sessions, err := analysis.Sessions(dir)
			if err != nil {
				return wrongInput(err)
			}
			if out == "" {
				out = dirs[0] + "-" + format
			}
			if err := dir.Export(out, format, sessions); err != nil {
				return wrongInput(err)
			}
			for _, warning := range append(dir.Damage(), dir.Warnings()...) {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning: "+warning)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "parquet", "parquet, csv, jsonl or hlog")
	cmd.Flags().StringVarP(&out, "output", "o", "", "directory to write to (default RUN_DIR-FORMAT)")
	return cmd
}
