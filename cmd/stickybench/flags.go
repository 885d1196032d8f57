package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stickybench/stickybench/loadgen"
	"github.com/stickybench/stickybench/profiles"
)

// runFlags are the flags of `run`, in part those of `compare` too. Flags override STICKYBENCH_* variables, which override the file.
type runFlags struct {
	elsewhere                         []string
	discover                          bool
	token                             string
	lb, lbConfig, url, listen         string
	header, cookie, body              string
	backends, users, sessions, shards int
	store, mix, profile, handler, cpu string
	rate, speedup                     float64
	duration, warmup                  time.Duration
	seed                              uint64
	engine, out                       string
	gates                             []string
	json, quiet, noProgress, noFaults bool
}

func (f *runFlags) register(set *pflag.FlagSet) {
	f.registerTarget(set)
	f.registerLoad(set)
	f.registerReport(set)
}

// registerTarget adds what one run is pointed at; a comparison names its arms instead.
func (f *runFlags) registerTarget(set *pflag.FlagSet) {
	set.StringVar(&f.lb, "lb", "", `balancer NAME[:MECHANISM], or "exec:CMD {listen} {backends}" (default builtin:cookie)`)
	set.StringVar(&f.lbConfig, "lb-config", "", "template that {config} of an exec balancer is rendered from")
	set.StringVar(&f.listen, "listen", "", "HOST:PORT the balancer listens on (default a free loopback port)")
	set.StringVar(&f.url, "url", "", "an already running balancer instead of --lb")
	set.BoolVar(&f.discover, "discover", false, "with --url: probe first for what routing depends on, which decides what excuses a move")
	set.StringArrayVar(&f.elsewhere, "backend", nil, "with --url: control URL of one of our backends behind it, which has the ledger (repeat)")
	set.StringVar(&f.token, "backend-token", "", "bearer token of those control ports; better in STICKYBENCH_BACKEND_TOKEN")
	set.StringVar(&f.header, "instance-header", "", "with --url: response header that names the instance")
	set.StringVar(&f.cookie, "instance-cookie", "", "with --url: cookie that names the instance")
	set.StringVar(&f.body, "instance-body-regexp", "", "with --url: regular expression that finds the instance in the body")
	set.StringVar(&f.store, "store", "", "session state: memory, embedded, redis://…, memcached://… or postgres://… (default memory)")
}

// registerLoad adds who comes to what.
func (f *runFlags) registerLoad(set *pflag.FlagSet) {
	set.IntVar(&f.backends, "backends", 0, "mock instances to start, each its own process (default 4)")
	set.StringVar(&f.mix, "mix", "", "who comes: a built-in mix (see `stickybench profiles list`)")
	set.StringVar(&f.profile, "profile", "", "only this profile")
	set.Float64VarP(&f.rate, "rate", "r", 0, "session arrivals per second")
	set.IntVarP(&f.users, "users", "u", 0, "closed loop with so many users instead of arrivals")
	set.DurationVarP(&f.duration, "duration", "d", 0, "no new sessions after this")
	set.IntVarP(&f.sessions, "sessions", "n", 0, "stop arrivals after so many sessions")
	set.Float64Var(&f.speedup, "speedup", 0, "divide think times, TTLs, drain and detection windows")
	set.DurationVar(&f.warmup, "warmup", 0, "leave the first part out of every metric")
	set.StringVar(&f.handler, "handler", "", "handler time, e.g. 5ms or lognormal(5ms,0.5)")
	set.StringVar(&f.cpu, "handler-cpu", "", "CPU time burnt per request, e.g. 200us")
	set.Uint64Var(&f.seed, "seed", 0, "same seed, same users")
	set.StringVar(&f.engine, "engine", "", "auto, or portable: one goroutine per request instead of one loop per shard")
	set.IntVar(&f.shards, "shards", 0, "generator threads (default 1)")
	set.BoolVar(&f.noFaults, "no-faults", false, "break nothing, whatever the experiment says")
}

// registerReport adds what must hold and where the outcome goes.
func (f *runFlags) registerReport(set *pflag.FlagSet) {
	set.StringVarP(&f.out, "out", "o", "", "run directory (default below "+resultsRoot+"/)")
	set.StringArrayVar(&f.gates, "gate", nil, `requirement such as "affinity.broken_ratio < 0.1%" (repeat)`)
	set.BoolVar(&f.json, "json", false, "print report.json on standard output instead of the report")
	set.BoolVar(&f.quiet, "quiet", false, "no progress and no notes")
	set.BoolVar(&f.noProgress, "no-progress", false, "no progress line")
}

// experiment resolves file, environment and flags, in this order.
func (f *runFlags) experiment(cmd *cobra.Command, path string) (*profiles.Experiment, error) {
	exp, err := readExperiment(path)
	if err != nil {
		return nil, err
	}
	if err := fromEnvironment(cmd.Flags()); err != nil {
		return nil, err
	}
	faults := len(exp.Faults)
	if err := f.apply(exp, cmd.Flags().Changed); err != nil {
		return nil, err
	}
	if path == "" && faults > 0 {
		fitFaults(exp)
	}
	return exp, wrongInput(exp.Validate())
}

// fromEnvironment sets every flag that the command line does not from STICKYBENCH_FLAG_NAME.
func fromEnvironment(set *pflag.FlagSet) (err error) {
	set.VisitAll(func(flag *pflag.Flag) {
		name := "STICKYBENCH_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, ok := os.LookupEnv(name)
		if !ok || flag.Changed || err != nil {
			return
		}
		if e := set.Set(flag.Name, value); e != nil {
			err = usage("%s=%q: %w; unset it or give what --%s takes", name, value, e, flag.Name)
		}
	})
	return err
}

// apply writes the flags that were given into exp.
func (f *runFlags) apply(exp *profiles.Experiment, given func(string) bool) error {
	f.applyTarget(exp, given)
	f.applyLoad(exp, given)
	if err := f.applyMix(exp, given); err != nil {
		return wrongInput(err)
	}
	return wrongInput(f.applyTimes(exp, given))
}

// set assigns value to *to when the flag was given.
func set[T any](given func(string) bool, flag string, to *T, value T) {
	if given(flag) {
		*to = value
	}
}

func (f *runFlags) applyTarget(exp *profiles.Experiment, given func(string) bool) {
	lb := &exp.Balancer
	set(given, "lb", &lb.Use, f.lb)
	if given("url") {
		lb.Use, lb.URL = "", f.url
	}
	set(given, "backend", &lb.Backends, f.elsewhere)
	set(given, "backend-token", &lb.Token, f.token)
	set(given, "lb-config", &lb.Config, f.lbConfig)
	set(given, "listen", &lb.Listen, f.listen)
	set(given, "instance-header", &lb.Identify.Header, f.header)
	set(given, "instance-cookie", &lb.Identify.Cookie, f.cookie)
	set(given, "instance-body-regexp", &lb.Identify.Body, f.body)
	set(given, "backends", &exp.Backends.Count, f.backends)
	set(given, "store", &exp.Store.Use, f.store)
	set(given, "gate", &exp.Gates, f.gates)
	if f.noFaults || given("url") {
		exp.Faults = nil
	}
}

func (f *runFlags) applyLoad(exp *profiles.Experiment, given func(string) bool) {
	load := &exp.Load
	if given("rate") {
		load.Rate, load.Users, load.Stages = f.rate, 0, nil
	}
	if given("users") {
		load.Users, load.Rate, load.Stages = f.users, 0, nil
	}
	set(given, "shards", &load.Shards, f.shards)
	set(given, "engine", &load.Engine, f.engine)
	set(given, "sessions", &exp.Sessions, f.sessions)
	set(given, "speedup", &exp.Speedup, f.speedup)
	set(given, "seed", &exp.Seed, f.seed)
	set(given, "duration", &exp.Duration, profiles.Duration(f.duration))
	set(given, "warmup", &exp.Warmup, profiles.Duration(f.warmup))
}

func (f *runFlags) applyMix(exp *profiles.Experiment, given func(string) bool) (err error) {
	if given("mix") {
		if exp.Mix, err = profiles.LookupMix(f.mix); err != nil {
			return err
		}
	}
	if given("profile") {
		p, err := profiles.LookupProfile(f.profile)
		if err != nil {
			return err
		}
		exp.Mix = profiles.Mix{Name: p.Name, Profiles: []profiles.Weighted{{Share: 1, Profile: p}}}
	}
	return nil
}

func (f *runFlags) applyTimes(exp *profiles.Experiment, given func(string) bool) (err error) {
	if given("handler") {
		if exp.Backends.Handler, err = profiles.ParseDistribution(f.handler); err != nil {
			return err
		}
	}
	if given("handler-cpu") {
		exp.Backends.CPU, err = profiles.ParseDistribution(f.cpu)
	}
	return err
}

// fitFaults drops the built-in experiment's faults where flags made them impossible: a shorter
// run or fewer instances is no mistake of the user's.
func fitFaults(exp *profiles.Experiment) {
	for _, fault := range exp.Faults {
		if fault.At >= exp.Duration || exp.Backends.Count < 2 {
			exp.Faults = nil
			return
		}
	}
}

// progress is the callback that draws the progress line, or nil when none is wanted.
func (f *runFlags) progress(w io.Writer, total time.Duration) func(loadgen.Progress) {
	if f.quiet || f.noProgress {
		return nil
	}
	return newProgressLine(w, total).draw
}
