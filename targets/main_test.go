package targets

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stickybench/stickybench/targets/backend"
	"github.com/stickybench/stickybench/targets/lb"
	"github.com/stickybench/stickybench/targets/store"
)

// childVariable marks a run of the test binary that plays a role instead of testing.
const childVariable = "STICKYBENCH_TEST_CHILD"

// TestMain plays "serve ROLE …" as the command does when it is run again by a deployment.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" || len(os.Args) < 3 || os.Args[1] != "serve" {
		os.Setenv(childVariable, "1")
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	code, err := child(ctx, os.Args[2], os.Args[3:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func child(ctx context.Context, role string, args []string) (int, error) {
	if role == "guard" {
		return guard(ctx, args)
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return 0, serve(ctx, role, []byte(args[1]))
}

func guard(ctx context.Context, args []string) (int, error) {
	var g Guarded
	flags := flag.NewFlagSet("guard", flag.ContinueOnError)
	flags.StringVar(&g.Account, "account", "", "")
	flags.StringVar(&g.Scratch, "scratch", "", "")
	flags.StringVar(&g.Stdout, "stdout", "", "")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	g.Argv = flags.Args()
	return Guard(ctx, os.Stdin, g)
}

func serve(ctx context.Context, role string, config []byte) error {
	ready := func(traffic, control string) {
		_ = json.NewEncoder(os.Stdout).Encode(endpoints{traffic, control})
	}
	switch role {
	case "backend":
		var o backend.Options
		if err := json.Unmarshal(config, &o); err != nil {
			return err
		}
		return backend.Run(ctx, o, ready)
	case "lb":
		var o lb.Options
		if err := json.Unmarshal(config, &o); err != nil {
			return err
		}
		return lb.Run(ctx, o, ready)
	default:
		return store.Serve(ctx, "127.0.0.1:0", func(address string) { ready(address, "") })
	}
}
