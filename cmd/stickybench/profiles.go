package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/profiles"
)

func newProfiles() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "profiles",
		Short: "Who comes: list, show and check profiles, mixes and experiments",
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the built-in profiles and mixes", Args: args(cobra.NoArgs), RunE: listProfiles},
		&cobra.Command{Use: "show NAME", Short: "Print a profile, a mix, or `experiment` (the built-in one) as YAML", Args: args(cobra.ExactArgs(1)), RunE: showProfile},
		&cobra.Command{Use: "check FILE...", Short: "Check experiment files without running them", Args: args(cobra.MinimumNArgs(1)), RunE: checkExperiments},
		&cobra.Command{Use: "schema", Short: "Print the JSON Schema of the experiment file", Args: args(cobra.NoArgs), RunE: printSchema},
	)
	return cmd
}

func listProfiles(cmd *cobra.Command, _ []string) error {
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, "profiles:")
	for _, name := range profiles.ProfileNames() {
		p, err := profiles.LookupProfile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-16s %s\n", name, p.About)
	}
	fmt.Fprintln(out, "mixes:")
	for _, name := range profiles.MixNames() {
		m, err := profiles.LookupMix(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "  %-16s", name)
		for _, w := range m.Profiles {
			fmt.Fprintf(out, " %s %.3g%%", w.Profile.Name, 100*w.Share)
		}
		fmt.Fprintln(out)
	}
	return nil
}

func showProfile(cmd *cobra.Command, names []string) error {
	text, err := profileText(names[0])
	if err != nil {
		return wrongInput(err)
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}

func profileText(name string) ([]byte, error) {
	if name == "experiment" {
		return profiles.Default().Encode()
	}
	if p, err := profiles.LookupProfile(name); err == nil {
		return yaml.Marshal(p)
	}
	m, err := profiles.LookupMix(name)
	if err != nil {
		return nil, fmt.Errorf("%q is neither a profile nor a mix; see `stickybench profiles list`", name)
	}
	return yaml.Marshal(m)
}

func checkExperiments(cmd *cobra.Command, paths []string) error {
	for _, path := range paths {
		exp, err := readExperiment(path)
		if err != nil {
			return err
		}
		if err := readTrace(exp); err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", path)
	}
	return nil
}

func printSchema(cmd *cobra.Command, _ []string) error {
	schema, err := profiles.Schema()
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(schema)
	return err
}

// readExperiment decodes the file at path, or gives the built-in experiment when path is empty.
func readExperiment(path string) (*profiles.Experiment, error) {
	if path == "" {
		return profiles.Default(), nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("reading the experiment: %w; give the path of a YAML file, or none for the built-in experiment", err)
	}
	exp, err := profiles.Decode(path, data)
	if err != nil {
		return nil, wrongInput(err)
	}
	for _, name := range []*string{&exp.Load.Trace, &exp.Balancer.Config} { // files are named from the experiment's
		if *name != "" && !filepath.IsAbs(*name) {
			*name = filepath.Join(filepath.Dir(path), *name)
		}
	}
	return exp, nil
}
