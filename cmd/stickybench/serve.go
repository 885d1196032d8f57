package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stickybench/stickybench/targets"
	"github.com/stickybench/stickybench/targets/backend"
	"github.com/stickybench/stickybench/targets/lb"
	"github.com/stickybench/stickybench/targets/store"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "One role alone, for your own topology",
		Long: `serve runs one role until it is terminated. The configuration is JSON; when ready, one JSON
line on standard output names the addresses that were bound.`,
	}
	cmd.AddCommand(
		role("backend", "A mock instance", `{"name":"b1","listen":"127.0.0.1:8081","control":"127.0.0.1:9081"}`, backend.Run),
		role("lb", "The reference balancer", `{"listen":"127.0.0.1:8080","mechanism":"cookie","instances":[{"name":"b1","url":"http://127.0.0.1:8081"}]}`, lb.Run),
		role("store", "The embedded Redis-protocol store", `{"listen":"127.0.0.1:6380"}`, serveStore),
		newGuard(),
	)
	return cmd
}

// storeOptions is the configuration of `serve store`.
type storeOptions struct {
	Listen string `json:"listen"`
}

func serveStore(ctx context.Context, o storeOptions, ready func(traffic, control string)) error {
	return store.Serve(ctx, o.Listen, func(addr string) { ready(addr, "") })
}

// role is the subcommand that runs one kind of process until its context ends.
func role[T any](name, short, example string, run func(context.Context, T, func(traffic, control string)) error) *cobra.Command {
	var config string
	var parentPipe bool
	cmd := &cobra.Command{
		Use:     name,
		Short:   short,
		Example: fmt.Sprintf("  stickybench serve %s --config '%s'", name, example),
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := decodeConfig[T](config, example)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			if parentPipe {
				ctx = untilEOF(ctx, cmd.InOrStdin())
			}
			if err := run(ctx, options, announce(cmd.OutOrStdout())); err != nil {
				return exit{exitUnavailable, err}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&config, "config", "{}", "configuration as JSON")
	cmd.Flags().BoolVar(&parentPipe, "parent-pipe", false, "end when standard input is closed")
	return cmd
}

func decodeConfig[T any](text, example string) (options T, err error) {
	if err := json.Unmarshal([]byte(text), &options); err != nil {
		return options, usage("--config: %w; give JSON such as %s", err, example)
	}
	return options, nil
}

// announce prints the ready line that the parent process waits for.
func announce(w io.Writer) func(traffic, control string) {
	return func(traffic, control string) {
		_ = json.NewEncoder(w).Encode(map[string]string{"traffic": traffic, "control": control})
	}
}

// untilEOF is ctx, ended also when the parent's end of the pipe r closes, however the parent died.
func untilEOF(ctx context.Context, r io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, r)
		cancel()
	}()
	return ctx
}

func newGuard() *cobra.Command {
	var guarded targets.Guarded
	cmd := &cobra.Command{
		Use:    "guard -- CMD [ARG...]",
		Short:  "Run CMD in a process group that ends when standard input is closed",
		Hidden: true,
		Args:   args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, argv []string) error {
			guarded.Argv = argv
			code, err := targets.Guard(cmd.Context(), cmd.InOrStdin(), guarded)
			if err != nil {
				return exit{exitUnavailable, err}
			}
			if code != 0 {
				return exit{code: code}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&guarded.Account, "account", "", "user to run it as")
	cmd.Flags().StringVar(&guarded.Stdout, "stdout", "", "file that its standard output is appended to")
	cmd.Flags().StringVar(&guarded.Scratch, "scratch", "", "directory to remove afterwards")
	return cmd
}
