package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// trial is a comparison that is played for the claims, on the embedded experiment of its name.
type trial struct {
	name, arms    string
	blocks, quick int           // quick 0: only in a full run
	brief         time.Duration // how long a quick run's are; 0 = as long
}

// The arms of the trials; the store of spread+store is --store's.
const (
	stickyOrStore = "sticky=builtin:cookie/memory,spread=builtin:round-robin/store"
	twoWays       = "cookie=builtin:cookie/memory,ip-hash=builtin:ip-hash/memory"
	ringOrCookie  = "ring=builtin:consistent-hash/memory,cookie=builtin:cookie/memory"
	cookieOrTable = "cookie=builtin:cookie/memory,table=builtin:table/memory"
	threeStores   = "local=builtin:cookie/memory,store=builtin:round-robin/store,replicated=builtin:cookie/replicated"
)

// trials take about a quarter of an hour, and three minutes where quick: blocks are what intervals live on, so a
// quick run has at least three of them, if need be shorter ones.
func trials() []trial {
	return []trial{
		{"same-zone-1", stickyOrStore, 6, 4, 0}, {"same-zone-2", stickyOrStore, 6, 0, 0},
		{"same-zone-7", stickyOrStore, 6, 0, 0}, {"same-zone-fast-7", stickyOrStore, 6, 4, 0},
		{"cross-zone-4", stickyOrStore, 4, 3, 4 * time.Second},
		{"few-10", twoWays, 10, 3, 0}, {"few-20", twoWays, 5, 0, 0}, {"few-50", twoWays, 4, 0, 0}, {"few-500", twoWays, 1, 0, 0},
		{"nat", twoWays, 5, 0, 0}, {"ring-1", ringOrCookie, 1, 1, 0}, {"ring-16", ringOrCookie, 1, 0, 0}, {"ring-160", ringOrCookie, 1, 0, 0},
		{"hot", twoWays, 6, 3, 5 * time.Second}, {"lifetime", cookieOrTable, 1, 0, 0}, {"crash", threeStores, 4, 3, 0},
		{"rolling", cookieOrTable, 4, 0, 0}, {"scale-out", cookieOrTable, 4, 0, 0},
	}
}

// runClaims plays the trials that are not finished yet and holds them against the claims.
func runClaims(cmd *cobra.Command, flags *compareFlags) error {
	if err := onlyForClaims(cmd); err != nil {
		return err
	}
	out := cmp.Or(flags.out, defaultOut(&profiles.Experiment{Name: "claims"}, "compare"))
	fmt.Fprintf(cmd.ErrOrStderr(), "results: %s\n", out)
	reports, claims := map[string]*results.Report{}, &results.Claims{Schema: results.ClaimsSchema, Version: version(), Quick: flags.quick}
	for _, t := range trials() {
		blocks := map[bool]int{false: t.blocks, true: t.quick}[flags.quick]
		if blocks == 0 {
			continue
		}
		dir, err := t.play(cmd.Context(), cmd.ErrOrStderr(), filepath.Join(out, t.name), blocks, flags)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		if cmd.Context().Err() != nil {
			return exit{exitInterrupted, errors.New("interrupted; finished blocks are kept: repeat the command line with --out " + out + " to go on")}
		}
		if reports[t.name], err = concludeTrial(dir, claims); err != nil {
			return err
		}
	}
	claims.Claims, claims.Known = analysis.JudgeClaims(reports)
	return writeClaims(cmd.OutOrStdout(), out, claims, flags.json)
}

// onlyForClaims refuses flags that the claims' own experiments would not obey.
func onlyForClaims(cmd *cobra.Command) (err error) {
	allowed := []string{"claims", "quick", "store", "out", "json", "quiet", "no-progress"}
	for _, name := range givenFlags(cmd) {
		if !slices.Contains(allowed, name) {
			err = usage("--%s says nothing to --claims, which has experiments of its own; leave it out (--%s go with it)", name, strings.Join(allowed[1:], ", --"))
		}
	}
	return err
}

// play plays the blocks of one trial.
func (t trial) play(ctx context.Context, progress io.Writer, path string, blocks int, flags *compareFlags) (*results.ComparisonDir, error) {
	exp, err := profiles.Claim(t.name)
	if err != nil {
		return nil, err
	}
	store := cmp.Or(flags.store, "redis:start")
	exp.Store.Use = store
	if flags.quick && t.brief > 0 {
		exp.Duration = profiles.Duration(t.brief)
	}
	arms := strings.Split(strings.ReplaceAll(t.arms, "/store", "/"+store), ",")
	own := compareFlags{runFlags: runFlags{out: path, quiet: flags.runFlags.quiet, noProgress: flags.noProgress}, blocks: blocks, arms: arms}
	dir, err := own.open(exp)
	if err != nil {
		return nil, err
	}
	c := own.course(progress, exp, dir)
	c.trial = t.name + ", "
	return dir, playBlocks(ctx, exp, dir, c)
}

// concludeTrial analyzes a trial and notes where and when it ran, and what was wrong with it.
func concludeTrial(dir *results.ComparisonDir, claims *results.Claims) (*results.Report, error) {
	report, err := analysis.Compare(dir)
	if err != nil {
		return nil, err
	}
	if report.Verdict == results.Invalid {
		claims.Invalid = append(claims.Invalid, dir.Plan.Name)
	}
	for _, arm := range dir.Plan.Arms {
		run, err := results.Open(dir.RunPath(1, arm.Name))
		if err != nil {
			return nil, err
		}
		record, err := run.Run()
		if err != nil {
			return nil, err
		}
		if claims.Date.IsZero() {
			claims.Date, claims.Host = record.Start.Wall(), record.Host
		}
		if arm.Store != "memory" && arm.Store != "replicated" && claims.Store == "" {
			claims.Store = cmp.Or(record.StoreVersion, record.Store)
		}
	}
	return report, dir.WriteReport(report)
}

func writeClaims(w io.Writer, out string, claims *results.Claims, asJSON bool) error {
	var page bytes.Buffer
	if err := results.ClaimsPage(&page, claims); err != nil {
		return err
	}
	text, err := claims.Encode()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"claims.md": page.Bytes(), "claims.json": text} {
		if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil {
			return fmt.Errorf("writing the claims: %w; choose a writable --out", err)
		}
	}
	if !asJSON {
		text = page.Bytes()
	}
	_, err = w.Write(text)
	return err
}
