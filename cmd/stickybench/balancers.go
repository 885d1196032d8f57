package main

import (
	"fmt"
	"io"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/targets"
)

func newBalancers() *cobra.Command {
	cmd := &cobra.Command{Use: "balancers", Short: "What balancers and mechanisms can be measured here"}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List balancers, mechanisms, what each promises and what is installed", Long: listHelp, Args: args(cobra.NoArgs), RunE: listBalancers},
		&cobra.Command{Use: "config NAME:MECHANISM", Short: "Print the configuration that a run would use", Args: args(cobra.ExactArgs(1)), RunE: printConfig},
	)
	return cmd
}

const listHelp = `list names every balancer and mechanism that --lb takes, and what each promises:
  when its home fails, a session   moves and stays; moves and comes home; or flaps until it is back
  drain, reload                    a drain or a new configuration keeps, moves or forgets bound sessions;
                                   - where it cannot be done at run time
  expires by                       what can end a binding: idle time, age, or nothing (-); see lb.ttl
  its marker                       what a client can do with the balancer's cookie
  routes on                        what the home follows from`

func listBalancers(cmd *cobra.Command, _ []string) error {
	table := tablewriter.NewWriter(cmd.OutOrStdout())
	table.Header("balancer", "when its home fails, a session", "drain", "reload", "expires by", "its marker", "routes on", "installed")
	for _, b := range targets.Available(cmd.Context()) {
		if err := table.Append(b.Use, b.Mechanism.Family.Describe(), b.Drain, b.Reload, b.Expires, b.Marker, b.Mechanism.Key, b.Installed); err != nil {
			return err
		}
	}
	return table.Render()
}

func printConfig(cmd *cobra.Command, names []string) error {
	exp, err := readExperiment("")
	if err != nil {
		return err
	}
	exp.Balancer.Use = names[0]
	text, err := targets.Config(exp)
	if err != nil {
		return wrongInput(fmt.Errorf("%w; see `stickybench balancers list`", err))
	}
	_, err = io.WriteString(cmd.OutOrStdout(), text)
	return err
}
