package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

// spreadBalancer binds no session: what an application behind an external store needs.
const spreadBalancer = "builtin:round-robin"

// parseArms reads --arms: nothing (sticky with memory against spread with a store), 2x2 (both routings
// with both states), or NAME=LB/STORE for each arm.
func parseArms(given []string, exp *profiles.Experiment) (arms []results.Arm, err error) {
	switch {
	case len(given) == 0:
		arms, err = builtinArms(exp)
	case len(given) == 1 && given[0] == "2x2":
		if arms, err = builtinArms(exp); err == nil {
			arms = append(arms, results.Arm{Name: "sticky+store", LB: arms[0].LB, Store: arms[1].Store},
				results.Arm{Name: "spread+memory", LB: arms[1].LB, Store: arms[0].Store})
		}
	default:
		for _, text := range given {
			arm, err := parseArm(text)
			if err != nil {
				return nil, err
			}
			arms = append(arms, arm)
		}
	}
	if err != nil {
		return nil, err
	}
	return arms, checkArms(arms, exp)
}

// builtinArms take the sticky mechanism and the external store from the experiment.
func builtinArms(exp *profiles.Experiment) ([]results.Arm, error) {
	sticky, external := exp.Balancer.Use, exp.Store.Use
	if !strings.HasPrefix(sticky, "builtin:") {
		return nil, usage("lb %q has no counterpart without affinity; name both arms, e.g. --arms sticky=%s/memory,spread=%s/embedded",
			cmp.Or(sticky, exp.Balancer.URL), cmp.Or(sticky, "haproxy:cookie"), spreadBalancer)
	}
	if external == "memory" {
		external = "embedded"
	}
	return []results.Arm{
		{Name: "sticky+memory", LB: sticky, Store: "memory"},
		{Name: "spread+store", LB: spreadBalancer, Store: external},
	}, nil
}

// armText is NAME=LB/STORE; a store may be a URL with slashes of its own.
var armText = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9+._-]*)=(.+?)/((?:sticky-cache:)?[a-z]+://[^ ]+|[^/ ]+)$`)

func parseArm(text string) (results.Arm, error) {
	parts := armText.FindStringSubmatch(text)
	if parts == nil {
		return results.Arm{}, usage("--arms %q is no arm; write 2x2, or NAME=LB/STORE such as sticky=haproxy:cookie/memory, separated by commas", text)
	}
	return results.Arm{Name: parts[1], LB: parts[2], Store: parts[3]}, nil
}

// checkArms refuses arms that could not be told apart or run, before the first block costs any time.
func checkArms(arms []results.Arm, exp *profiles.Experiment) error {
	if len(arms) < 2 {
		return usage("--arms names one arm; a comparison needs at least two")
	}
	for i, arm := range arms {
		if slices.ContainsFunc(arms[:i], func(other results.Arm) bool { return other.Name == arm.Name }) {
			return usage("--arms names %q twice; give each arm its own name", arm.Name)
		}
		e, err := armExperiment(exp, arm, exp.Seed)
		if err == nil {
			err = e.Validate()
		}
		if err == nil {
			err = targets.Check(e)
		}
		if err != nil {
			return usage("arm %s: %w", arm.Name, err)
		}
	}
	return nil
}

// armExperiment is the experiment as one arm runs it. Gates are over the comparison, not over its runs.
func armExperiment(exp *profiles.Experiment, arm results.Arm, seed uint64) (*profiles.Experiment, error) {
	e := *exp
	e.Seed, e.Gates = seed, nil
	if arm.Target != "" {
		return &e, e.DecodeTarget(arm.Target)
	}
	e.Balancer.Use, e.Balancer.URL, e.Balancer.Others, e.Store.Use = arm.LB, "", nil, arm.Store
	if arm.Store == "memory" { // the distance is that of the other arms' store
		e.Store.RTT, e.Store.CrossRTT, e.Store.Zone = profiles.Distance{}, profiles.Distance{}, ""
	}
	return &e, nil
}
