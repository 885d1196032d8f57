package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/loadgen"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

func newRun() *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run [EXPERIMENT.yaml]",
		Short: "Run one experiment and report; without a file the built-in one",
		Example: `  stickybench run
  stickybench run --lb haproxy:cookie --duration 20s
  stickybench run --lb nginx:ip-hash --mix two-vs-hundred --rate 50
  stickybench run --lb "exec:mybalancer --listen {listen} --to {backends}"`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			exp, err := flags.experiment(cmd, strings.Join(files, ""))
			if err != nil {
				return err
			}
			if err := flags.discovered(cmd, exp); err != nil {
				return err
			}
			return runExperiment(cmd, exp, &flags)
		},
	}
	flags.register(cmd.Flags())
	cmd.Flags().StringVar(&flags.metrics, "metrics", "", "HOST:PORT that Prometheus can scrape during the run, e.g. 127.0.0.1:9464")
	return cmd
}

// drainTime bounds the orderly end of the processes under test once the load has stopped.
const drainTime = 10 * time.Second

// runExperiment is the main job: play the experiment and draw its report.
func runExperiment(cmd *cobra.Command, exp *profiles.Experiment, flags *runFlags) error {
	path := cmp.Or(flags.out, defaultOut(exp, exp.Balancer.Use))
	watching := observers{view: flags.view(cmd.ErrOrStderr(), exp)}
	if flags.metrics != "" {
		exposition, err := expose(flags.metrics)
		if err != nil {
			return err
		}
		defer exposition.close()
		watching.exposition = exposition
	}
	dir, err := play(cmd.Context(), exp, path, watching)
	if err != nil {
		return err
	}
	err = conclude(streamsOf(cmd), dir, flags.json)
	fmt.Fprintf(cmd.ErrOrStderr(), "results: %s\n", dir.Path())
	if cmd.Context().Err() != nil {
		return exit{exitInterrupted, errors.New("interrupted; the directory is complete up to then")}
	}
	return err
}

// defaultOut is the directory of a run or comparison without --out.
func defaultOut(exp *profiles.Experiment, what string) string {
	return filepath.Join(resultsRoot, fmt.Sprintf("%s-%s-%s", time.Now().Format("20060102-150405"), exp.Name, fileName(what)))
}

// createDir makes the run directory and puts the resolved experiment into it.
func createDir(exp *profiles.Experiment, path string) (*results.Dir, error) {
	dir, err := results.Create(path)
	if err != nil {
		return nil, wrongInput(err)
	}
	if exp, err = keepFiles(exp, dir); err != nil {
		return nil, err
	}
	text, err := exp.Encode()
	if err != nil {
		return nil, err
	}
	return dir, dir.WriteExperiment(text)
}

// keepFiles copies arrival times and the balancer's template into the directory, which must say all that was
// played.
func keepFiles(exp *profiles.Experiment, dir *results.Dir) (*profiles.Experiment, error) {
	kept, files := *exp, map[string]string{}
	if exp.Load.Trace != "" {
		kept.Load.Trace = "arrivals.txt"
		files[kept.Load.Trace] = string(exp.Load.TraceText())
	}
	if exp.Balancer.Config != "" {
		kept.Balancer.Config = "lb.template"
		files[kept.Balancer.Config] = exp.Balancer.Template
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir.Path(), name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return &kept, nil
}

// fileName keeps what is safe in a file name from the head of a balancer's name.
func fileName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", r) {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return strings.Trim(safe[:min(len(safe), 32)], "-")
}

// play runs the experiment in a new directory at path, with fresh processes and users, and leaves the
// directory complete, also when ctx ends it early: start the targets, play the load and the faults,
// keep the records.
func play(ctx context.Context, exp *profiles.Experiment, path string, watching observers) (*results.Dir, error) {
	clock.Punctual()
	defer paceCollector()()
	if err := os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true"); err != nil { // one user's connection needs no 7 MB
		return nil, err
	}
	exp = naming(exp)
	if err := check(exp); err != nil { // before a directory is made, which would refuse the next attempt
		return nil, wrongInput(err)
	}
	dir, err := createDir(exp, path)
	if err != nil {
		return nil, err
	}
	revision := revisionHere(ctx)
	deployment, err := targets.Start(ctx, targets.Options{Experiment: exp, Dir: dir, Self: self(), Watch: watching.change})
	if err != nil {
		return nil, err
	}
	watching.started(deployment)
	err = loadAndRecord(ctx, exp, dir, deployment, revision, watching.progress())
	watching.loaded()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return dir, errors.Join(err, deployment.Stop(stopping), dir.Seal())
}

// naming lets users tell who they are where the balancer routes on that.
func naming(exp *profiles.Experiment) *profiles.Experiment {
	named := *exp
	named.Load.UserHeader = cmp.Or(exp.Load.UserHeader, targets.UserHeader(exp))
	return &named
}

// check finds what neither the targets nor the generator can do.
func check(exp *profiles.Experiment) error {
	if err := targets.Check(exp); err != nil {
		return err
	}
	return loadgen.Check(exp)
}

// loadAndRecord loads what was started and keeps run.json and the latency log.
func loadAndRecord(ctx context.Context, exp *profiles.Experiment, dir *results.Dir, deployment *targets.Deployment, revision results.Revision, progress func(loadgen.Progress)) error {
	if err := loadgen.Probe(ctx, deployment.URLs(), exp); err != nil {
		return err
	}
	run := newRunRecord(exp, revision)
	deployment.Describe(&run)
	if err := dir.WriteRun(run); err != nil {
		return err
	}
	summary, err := load(ctx, exp, dir, deployment, run.Start, progress)
	deployment.Describe(&run) // faults and unexpected deaths add warnings
	finish(&run, summary, ctx.Err() != nil)
	return errors.Join(err, dir.WriteRun(run), dir.WriteLatencyLog(summary.Intervals))
}

// newRunRecord is run.json as far as it is known before the first request.
func newRunRecord(exp *profiles.Experiment, revision results.Revision) results.Run {
	start := clock.Now().Add(startDelay)
	run := results.Run{
		Schema: results.RunSchema, Version: version(), Name: exp.Name, Mix: exp.Mix.Name, Seed: exp.Seed, Revision: revision,
		Start: start, Measured: start.Add(time.Duration(exp.Warmup)), Host: results.ThisHost(),
	}
	for _, p := range exp.Mix.Profiles {
		run.Profiles = append(run.Profiles, p.Profile.Name)
	}
	return run
}

// startDelay gives every shard time to be ready before the first due time.
const startDelay = 50 * time.Millisecond

// load plays users and faults side by side and waits for both.
func load(ctx context.Context, exp *profiles.Experiment, dir *results.Dir, d *targets.Deployment, start clock.Time, progress func(loadgen.Progress)) (loadgen.Summary, error) {
	log, err := dir.ExchangeLog()
	if err != nil {
		return loadgen.Summary{}, err
	}
	playing, stop := context.WithCancel(ctx)
	faults := make(chan error, 1)
	go func() { faults <- d.Play(playing, start) }()
	summary, err := loadgen.Run(ctx, loadgen.Options{
		Plan: profiles.NewPlan(exp), Experiment: exp, URLs: d.URLs(), Start: start, Log: log, Progress: progress,
	})
	stop()
	return summary, errors.Join(err, <-faults, log.Close())
}

// finish completes run.json with what is known after the last request.
func finish(run *results.Run, s loadgen.Summary, interrupted bool) {
	run.End, run.Generator, run.Interrupted = s.End, s.Generator, interrupted
	run.Warnings = append(run.Warnings, s.Warnings...)
}

// self is how child processes of this program are started: the same binary under its own name.
func self() []string {
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	return []string{path, "stickybench"}
}
