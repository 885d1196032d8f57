package balancers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// varnishReload loads the configuration beside the one at work and takes it over. What was loaded before is given up: its checks
// would go on for ten minutes (varnishd(1), "vcl_cooldown").
func varnishReload(ctx context.Context, b Running) error {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	name := fmt.Sprintf("at%d", time.Now().UnixNano())
	if _, err := varnishOrder(ctx, b, "vcl.load", name, varnishQuoted(b.Params.File(varnishFile))); err != nil {
		return err
	}
	if _, err := varnishOrder(ctx, b, "vcl.use", name); err != nil {
		return err
	}
	loaded, err := varnishOrder(ctx, b, "vcl.list")
	if err != nil {
		return err
	}
	for line := range strings.Lines(loaded) {
		if state := strings.Fields(line); len(state) > 1 && state[0] == "available" {
			if _, err := varnishOrder(ctx, b, "vcl.discard", state[len(state)-1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// varnishOrder gives varnish an order by its own program, which finds the port and the secret in the working directory.
func varnishOrder(ctx context.Context, b Running, order ...string) (string, error) {
	binary, err := b.Row.Path()
	if err != nil {
		return "", err
	}
	program := filepath.Join(filepath.Dir(binary), "..", "bin", "varnishadm") // of the same version, if it is there
	if _, err := exec.LookPath(program); err != nil {
		program = "varnishadm"
	}
	var said, failed bytes.Buffer
	cmd := exec.CommandContext(ctx, program, append([]string{"-t", "20", "-n", b.Params.File(varnishWork)}, order...)...)
	cmd.Stdout, cmd.Stderr = &said, &failed
	if err := cmd.Run(); err != nil {
		return "", errors.New(strings.Join(strings.Fields(said.String()+failed.String()+err.Error()), " "))
	}
	return said.String(), nil
}

// varnishQuoted is text as one word of an order.
func varnishQuoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
