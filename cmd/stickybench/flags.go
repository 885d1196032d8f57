package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stickybench/stickybench/profiles"
)

// runFlags are the flags of `run`, in part those of `compare` too. Flags override STICKYBENCH_* variables, which override the file.
type runFlags struct {
	elsewhere                         []string
	discover                          bool
	token                             string
	lb, lbConfig, listen              string
	urls                              []string
	replicas                          int
	front, frontCookie                string
	header, cookie, body              string
	ca, serverName                    string
	insecure                          bool
	backends, users, sessions, shards int
	store, mix, profile, handler, cpu string
	rate, speedup                     float64
	duration, warmup                  time.Duration
	storeRTT, cpuMode                 string
	cores                             float64
	weights                           string
	maxConnections                    int
	seed                              uint64
	engine, protocol, out, metrics    string
	trace, addressVia, network        string
	gates                             []string
	json, quiet, noProgress, noFaults bool
	accessLog                         bool
	traceparent                       bool
	userHeader                        string
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
	set.BoolVar(&f.accessLog, "lb-access-log", false, "let the balancer log every request and compare its account with the two ends; costs it CPU time")
	set.StringVar(&f.listen, "listen", "", "HOST:PORT the balancer listens on (default a free loopback port)")
	set.IntVar(&f.replicas, "lb-replicas", 0, "so many replicas of it, up to 8: users' new connections go round them (default 1)")
	set.StringVar(&f.front, "lb-front", "", "one more balancer NAME[:MECHANISM] before the replicas; users come to it alone (default none)")
	set.StringVar(&f.frontCookie, "lb-front-cookie", "", "with --lb-front: name of its marker cookie (default the mechanism's own)")
	set.StringSliceVar(&f.urls, "url", nil, "an already running balancer instead of --lb; repeat it (or put commas) for its replicas")
	set.BoolVar(&f.discover, "discover", false, "with --url: probe first for what routing depends on, which decides what excuses a move")
	set.StringArrayVar(&f.elsewhere, "backend", nil, "with --url: control URL of one of our backends behind it, which has the ledger (repeat)")
	set.StringVar(&f.token, "backend-token", "", "bearer token of those control ports; better in STICKYBENCH_BACKEND_TOKEN")
	set.StringVar(&f.header, "instance-header", "", "with --url: response header that names the instance")
	set.StringVar(&f.cookie, "instance-cookie", "", "with --url: cookie that names the instance")
	set.StringVar(&f.body, "instance-body-regexp", "", "with --url: regular expression that finds the instance in the body")
	set.StringVar(&f.ca, "ca", "", "with an https --url: PEM file of the certificates to trust instead of the system's")
	set.BoolVar(&f.insecure, "insecure", false, "with an https --url: accept any certificate")
	set.StringVar(&f.serverName, "server-name", "", "with an https --url: name to ask for and to verify (default the URL's host)")
	set.StringVar(&f.store, "store", "", "session state: memory, embedded, redis:start (or memcached, postgres), redis://…, sticky-cache:STORE (default memory)")
}

// registerLoad adds who comes to what.
func (f *runFlags) registerLoad(set *pflag.FlagSet) {
	set.IntVar(&f.backends, "backends", 0, "mock instances to start, each its own process (default 4)")
	set.StringVar(&f.weights, "weights", "", "weights of the instances at the balancer, whole numbers dealt to b1, b2, … in turn, e.g. 10,10,1 (default 1 each)")
	set.IntVar(&f.maxConnections, "max-connections", 0, "requests that the balancer may have at an instance at a time (default 0: no limit)")
	set.StringVar(&f.mix, "mix", "", "who comes: a built-in mix (see profiles list)")
	set.StringVar(&f.profile, "profile", "", "only this profile")
	set.Float64VarP(&f.rate, "rate", "r", 0, "session arrivals per second")
	set.IntVarP(&f.users, "users", "u", 0, "closed loop with so many users instead of arrivals")
	set.DurationVarP(&f.duration, "duration", "d", 0, "no new sessions after this")
	set.IntVarP(&f.sessions, "sessions", "n", 0, "stop arrivals after so many sessions")
	set.Float64Var(&f.speedup, "speedup", 0, "divide think times, TTLs, drain and detection windows")
	set.DurationVar(&f.warmup, "warmup", 0, "leave the first part out of every metric")
	set.StringVar(&f.handler, "handler", "", "handler time, e.g. 5ms or lognormal(5ms,0.5)")
	set.StringVar(&f.cpu, "handler-cpu", "", "CPU time per request, e.g. 200us")
	set.StringVar(&f.cpuMode, "cpu", "", "real: requests burn CPU time (default); virtual: they queue for --instance-cpu")
	set.Float64Var(&f.cores, "instance-cpu", 0, "with --cpu virtual: cores of each instance (default 1)")
	set.StringVar(&f.storeRTT, "store-rtt", "", "injected round trip per store operation: same-zone, cross-zone (-fast, -slow), or e.g. 0.3ms")
	set.Uint64Var(&f.seed, "seed", 0, "same seed, same users")
	set.StringVar(&f.engine, "engine", "", "auto, or portable: one goroutine per request instead of one loop per shard")
	set.StringVar(&f.trace, "trace", "", "file of session arrival times, seconds since the start, one a line")
	set.StringVar(&f.addressVia, "client-address", "", "how the balancer learns a user's address: source, x-forwarded-for, proxy-v1 or proxy-v2 (default source)")
	set.StringVar(&f.network, "client-network", "", "CIDR that users' addresses are from (default 127.0.0.0/8)")
	set.StringVar(&f.protocol, "protocol", "", "what users speak: h1, h2, h3, websocket or sse (default h1)")
	set.IntVar(&f.shards, "shards", 0, "generator threads (default 1)")
	set.StringVar(&f.userHeader, "user-header", "", "request header that names the user, for a balancer that routes on it (default none; "+profiles.UserHeader+" for the header mechanisms of --lb)")
	set.BoolVar(&f.traceparent, "traceparent", false, "begin a W3C trace with each request")
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

// givenFlags lists the flags on the command line.
func givenFlags(cmd *cobra.Command) (names []string) {
	cmd.Flags().Visit(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// view shows the run on w, or is nil when nothing is to be shown.
func (f *runFlags) view(w io.Writer, exp *profiles.Experiment) *view {
	if f.quiet || f.noProgress {
		return nil
	}
	return newView(w, time.Duration(exp.Duration))
}
