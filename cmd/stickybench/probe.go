package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	probing "github.com/stickybench/stickybench/analysis/probe"
	"github.com/stickybench/stickybench/loadgen/probe"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

const probeHelp = `probe finds out what a running balancer binds sessions by, without being told: a cookie and how its
value is made, the client's address, a request header, the connection, or nothing. It sends 1,000 to 1,500 GET
requests one after the other (in bursts of eight where it says so) and changes nothing.

Each usual expectation of session affinity is then said to hold, to be broken, or not to apply. The
exit code is 0 whatever they are; with --strict it is 1 when one is broken and 3 when the mechanism
cannot be told.

An answer must name its instance: our own backends do; say how yours does with --instance-header,
--instance-cookie or --instance-body-regexp.`

// probeFlags are the flags of `probe`.
type probeFlags struct {
	probe.Options
	lb           string
	backends     int
	json, strict bool
}

func newProbe() *cobra.Command {
	var flags probeFlags
	cmd := &cobra.Command{
		Use:     "probe [URL]",
		Short:   "Find out what a running balancer binds sessions by",
		Long:    probeHelp,
		Example: "  stickybench probe http://127.0.0.1:8080 --instance-header X-Instance\n  stickybench probe --lb haproxy:cookie",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, urls []string) error {
			if (len(urls) == 1) == (flags.lb != "") {
				return usage("name what to probe: a URL, or --lb NAME:MECHANISM to start one")
			}
			look := flags.started
			if len(urls) == 1 {
				flags.URL, look = urls[0], flags.ask
			}
			found, err := look(cmd.Context())
			if err != nil {
				return err
			}
			return flags.print(cmd.OutOrStdout(), found)
		},
	}
	set := cmd.Flags()
	set.StringVar(&flags.lb, "lb", "", "start this balancer with instances of our own and probe it, instead of a URL")
	set.IntVar(&flags.backends, "backends", 4, "with --lb: instances to start")
	set.StringVar(&flags.Identify.Header, "instance-header", "", "response header that names the instance")
	set.StringVar(&flags.Identify.Cookie, "instance-cookie", "", "cookie that names the instance")
	set.StringVar(&flags.Identify.Body, "instance-body-regexp", "", "regular expression that finds the instance in the body")
	set.StringToStringVar(&flags.Addresses, "instance-address", nil, "NAME=HOST:PORT of an instance as the balancer knows it, to try whether a client can forge markers from it; with --lb they are known")
	set.StringSliceVar(&flags.Headers, "header", []string{"X-User", "X-Forwarded-For"}, "request headers that routing may depend on")
	set.IntVar(&flags.Clients, "clients", 40, "clients with cookies and, on loopback, addresses of their own")
	set.DurationVar(&flags.Idle, "idle", 0, "also come back after this pause, to see whether the binding outlasts it")
	set.DurationVar(&flags.Timeout, "timeout", 10*time.Second, "per request")
	set.BoolVar(&flags.Insecure, "insecure", false, "take any certificate of an https URL")
	set.Uint64Var(&flags.Seed, "seed", 1, "same seed, same addresses and invented values")
	set.BoolVar(&flags.json, "json", false, "print the findings as JSON")
	set.BoolVar(&flags.strict, "strict", false, "exit 1 when an assertion is broken, 3 when the mechanism cannot be told")
	return cmd
}

// started probes a balancer that it starts and ends.
func (f *probeFlags) started(ctx context.Context) (found *results.ProbeReport, err error) {
	exp, err := readExperiment("")
	if err != nil {
		return nil, err
	}
	exp.Balancer.Use, exp.Backends.Count, exp.Faults = f.lb, f.backends, nil
	exp.Backends.Handler, exp.Backends.CPU = profiles.Distribution{}, profiles.Distribution{}
	if err := errors.Join(exp.Validate(), targets.Check(exp)); err != nil {
		return nil, wrongInput(err)
	}
	at, err := os.MkdirTemp("", "stickybench-probe-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(at)
	dir, err := results.Create(filepath.Join(at, "run"))
	if err != nil {
		return nil, err
	}
	deployment, err := targets.Start(ctx, targets.Options{Experiment: exp, Dir: dir, Self: self()})
	if err != nil {
		return nil, err
	}
	var run results.Run
	deployment.Describe(&run)
	f.URL, f.Addresses = deployment.URLs()[0], map[string]string{}
	for _, i := range run.Instances {
		f.Addresses[i.Name] = strings.TrimPrefix(i.URL, "http://")
	}
	found, err = f.ask(ctx)
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	return found, errors.Join(err, deployment.Stop(stopping))
}

// ask probes f.URL.
func (f *probeFlags) ask(ctx context.Context) (*results.ProbeReport, error) {
	seen, err := probe.Run(ctx, f.Options)
	if err := probeError(ctx, err); err != nil {
		return nil, err
	}
	return probing.Judge(seen), nil
}

func (f *probeFlags) print(w io.Writer, found *results.ProbeReport) error {
	if err := printProbe(w, found, f.json); err != nil {
		return err
	}
	return f.verdict(found)
}

// probeError gives what ended a probe its exit code.
func probeError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return exit{exitInterrupted, errors.New("interrupted: no conclusion can be drawn")}
	case errors.Is(err, probe.ErrUnreachable):
		return exit{exitUnavailable, err}
	}
	return wrongInput(err)
}

func printProbe(w io.Writer, found *results.ProbeReport, asJSON bool) error {
	if asJSON {
		return found.Encode(w)
	}
	return found.Text(w, terminalWidth(w), colored(w))
}

func (f *probeFlags) verdict(found *results.ProbeReport) error {
	if !f.strict {
		return nil
	}
	if found.Mechanism == probing.Unknown {
		return exit{code: exitInconclusive}
	}
	for _, a := range found.Assertions {
		if a.Verdict == results.Broken {
			return exit{code: exitGateFailed}
		}
	}
	return nil
}
