package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/profiles"
)

// experiment resolves file, environment and flags, in this order.
func (f *runFlags) experiment(cmd *cobra.Command, path string) (*profiles.Experiment, error) {
	if err := fromEnvironment(cmd.Flags()); err != nil {
		return nil, err
	}
	return f.resolve(path, cmd.Flags().Changed)
}

// resolve reads the file, applies the flags that are given and checks the outcome.
func (f *runFlags) resolve(path string, given func(string) bool) (*profiles.Experiment, error) {
	exp, err := readExperiment(path)
	if err != nil {
		return nil, err
	}
	faults := len(exp.Faults)
	if err := f.apply(exp, given); err != nil {
		return nil, err
	}
	if path == "" && faults > 0 {
		fitFaults(exp)
	}
	if err := analysis.CheckGates(exp.Gates); err != nil {
		return nil, wrongInput(err)
	}
	if err := exp.Validate(); err != nil {
		return nil, wrongInput(err)
	}
	return exp, errors.Join(readTrace(exp), readTemplate(exp))
}

// readTemplate reads the file that the configuration of an exec balancer is rendered from, if any.
func readTemplate(exp *profiles.Experiment) error {
	if exp.Balancer.Config == "" {
		return nil
	}
	text, err := os.ReadFile(exp.Balancer.Config)
	if err != nil {
		return usage("lb.config: %w; give the template that {config} is rendered from", err)
	}
	exp.Balancer.Template = string(text)
	return nil
}

// readTrace reads the file of arrival times that the experiment names, if any.
func readTrace(exp *profiles.Experiment) error {
	if exp.Load.Trace == "" {
		return nil
	}
	file, err := os.Open(exp.Load.Trace)
	if err != nil {
		return usage("load.trace: %w; give a file of seconds since the start, one a line", err)
	}
	defer file.Close()
	return wrongInput(exp.ReadTrace(file))
}

// apply writes the flags that were given into exp.
func (f *runFlags) apply(exp *profiles.Experiment, given func(string) bool) error {
	f.applyTarget(exp, given)
	f.applyLoad(exp, given)
	for _, part := range []func(*profiles.Experiment, func(string) bool) error{f.applyWeights, f.applyMix, f.applyTimes} {
		if err := part(exp, given); err != nil {
			return wrongInput(err)
		}
	}
	return nil
}

func (f *runFlags) applyWeights(exp *profiles.Experiment, given func(string) bool) (err error) {
	if given("weights") {
		exp.Backends.Weights, err = profiles.ParseWeights(f.weights)
	}
	return err
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
	if given("url") && len(f.urls) > 0 {
		lb.Use, lb.URL, lb.Others, lb.Replicas, lb.Front = "", f.urls[0], f.urls[1:], 1, nil
	}
	set(given, "lb-replicas", &lb.Replicas, f.replicas)
	f.applyFront(lb, given)
	set(given, "backend", &lb.Backends, f.elsewhere)
	set(given, "backend-token", &lb.Token, f.token)
	set(given, "lb-config", &lb.Config, f.lbConfig)
	set(given, "listen", &lb.Listen, f.listen)
	set(given, "lb-access-log", &lb.Log, f.accessLog)
	set(given, "instance-header", &lb.Identify.Header, f.header)
	set(given, "instance-cookie", &lb.Identify.Cookie, f.cookie)
	set(given, "instance-body-regexp", &lb.Identify.Body, f.body)
	set(given, "ca", &exp.Load.TLS.CA, f.ca)
	set(given, "insecure", &exp.Load.TLS.Insecure, f.insecure)
	set(given, "server-name", &exp.Load.TLS.ServerName, f.serverName)
	set(given, "backends", &exp.Backends.Count, f.backends)
	set(given, "max-connections", &exp.Backends.MaxConnections, f.maxConnections)
	set(given, "store", &exp.Store.Use, f.store)
	set(given, "cpu", &exp.Backends.CPUMode, f.cpuMode)
	set(given, "instance-cpu", &exp.Backends.Cores, f.cores)
	set(given, "gate", &exp.Gates, f.gates)
	if f.noFaults || given("url") {
		exp.Faults = nil
	}
}

// applyFront puts a balancer before the replicas, or takes the experiment's away where the flag is empty.
func (f *runFlags) applyFront(lb *profiles.Balancer, given func(string) bool) {
	switch {
	case given("lb-front") && f.front == "":
		lb.Front = nil
	case given("lb-front"), given("lb-front-cookie"):
		var front profiles.Front
		if lb.Front != nil {
			front = *lb.Front
		}
		set(given, "lb-front", &front.Use, f.front)
		set(given, "lb-front-cookie", &front.Cookie, f.frontCookie)
		lb.Front = &front
	}
}

func (f *runFlags) applyLoad(exp *profiles.Experiment, given func(string) bool) {
	load := &exp.Load
	switch {
	case given("rate"), given("users"), given("trace"):
		load.Rate, load.Users, load.Trace = f.rate, f.users, f.trace
		load.Stages, load.Spike, load.Sine = nil, nil, nil
	}
	set(given, "client-address", &load.ClientAddress.Via, f.addressVia)
	set(given, "client-network", &load.ClientAddress.Network, f.network)
	set(given, "shards", &load.Shards, f.shards)
	set(given, "engine", &load.Engine, f.engine)
	set(given, "traceparent", &load.Traceparent, f.traceparent)
	set(given, "user-header", &load.UserHeader, f.userHeader)
	set(given, "protocol", &load.Protocol, f.protocol)
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
		if exp.Backends.CPU, err = profiles.ParseDistribution(f.cpu); err != nil {
			return err
		}
	}
	if given("store-rtt") {
		exp.Store.RTT, err = profiles.ParseDistance(f.storeRTT)
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
