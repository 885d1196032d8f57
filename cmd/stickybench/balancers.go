package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets"
)

func newBalancers() *cobra.Command {
	var replicas int
	cmd := &cobra.Command{Use: "balancers", Short: "What balancers and mechanisms can be measured here"}
	config := &cobra.Command{Use: "config NAME:MECHANISM", Short: "Print the configuration that a run would use", Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error { return printConfig(cmd, names[0], replicas) }}
	config.Flags().IntVar(&replicas, "lb-replicas", 1, "print that of the first of so many replicas")
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List balancers, mechanisms, what each promises and what is installed", Long: listHelp, Args: args(cobra.NoArgs), RunE: listBalancers},
		&cobra.Command{Use: "show NAME:MECHANISM", Short: "Tell what a mechanism promises, in words", Args: args(cobra.ExactArgs(1)), RunE: showBalancer},
		config,
	)
	return cmd
}

const listHelp = `list names every balancer and mechanism that --lb takes, and what each promises:
  home fails      the session then moves and stays, moves and comes home, flaps or fails until it is back
  drain, reload   a drain or a new configuration keeps, moves or forgets bound sessions;
                  - where it cannot be done at run time
  expires by      what can end a binding: idle time, age, or nothing (-); see lb.ttl
  its marker      what a client can do with the balancer's cookie
  replicas        agree on a session by what each request carries, synchronise what they learn,
                  or disagree: each goes by what it alone has learned; see lb.replicas
  routes on       what the home follows from`

func listBalancers(cmd *cobra.Command, _ []string) error {
	table := results.Listing{Header: []string{"balancer", "home fails", "drain", "reload", "expires by", "its marker", "replicas", "routes on", "installed"}}
	for _, b := range targets.Available(cmd.Context()) {
		installed, _, _ := strings.Cut(b.Installed, " (") // how to mend it: balancers show
		table.Rows = append(table.Rows, []string{b.Use, b.Mechanism.Family.Describe(), b.Drain, b.Reload, b.Expires, b.Marker, b.Replicas, b.Mechanism.Key, installed})
	}
	return list(cmd, table)
}

func printConfig(cmd *cobra.Command, use string, replicas int) error {
	exp, err := readExperiment("")
	if err != nil {
		return err
	}
	exp.Balancer.Use, exp.Balancer.Replicas = use, replicas
	if err := exp.Validate(); err != nil {
		return wrongInput(err)
	}
	text, err := targets.Config(exp)
	if err != nil {
		return wrongInput(fmt.Errorf("%w; see `stickybench balancers list`", err))
	}
	_, err = io.WriteString(cmd.OutOrStdout(), text)
	return err
}

func showBalancer(cmd *cobra.Command, names []string) error {
	for _, b := range targets.Available(cmd.Context()) {
		if b.Use == names[0] {
			return show(cmd.OutOrStdout(), b)
		}
	}
	return usage("%q is no balancer and mechanism; see `stickybench balancers list`", names[0])
}

// show writes one offer line by line.
func show(w io.Writer, b targets.Offer) error {
	moves := map[string]string{"none": "nobody whose home stays", "minimal": "as few as a hash can", "modulo": "most sessions", "unknown": "unknown"}
	lines := [][2]string{
		{"balancer", b.Use}, {"installed", b.Installed}, {"routes on", b.Mechanism.Key},
		{"when its home fails, a session", b.Mechanism.Family.Describe()},
		{"a changed pool moves", moves[b.Mechanism.Disruption]},
		{"a drain", b.Drain + " bound sessions"}, {"a reload", b.Reload + " bound sessions"},
		{"a binding expires by", b.Expires}, {"its marker", b.Marker}, {"its replicas", b.Replicas},
	}
	for _, note := range b.Notes {
		lines = append(lines, [2]string{"note", note})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "%-31s %s\n", line[0], strings.Replace(line[1], "- bound sessions", "cannot be done at run time", 1)); err != nil {
			return err
		}
	}
	return nil
}
