package targets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// guardGrace is how long the command may take to end after a SIGTERM.
const guardGrace = 3 * time.Second

// Guarded is a command under a guard.
type Guarded struct {
	Argv    []string
	Account string // user to run it as, where the guard is root; empty = ours
	Scratch string // directory that is removed with it; empty = none
	Stdout  string // file that its standard output is appended to; empty = our standard error
}

// Guard runs a command in a process group of its own until it ends, ctx is done, or stdin ends, which
// is how the death of our parent shows. Then it makes sure that the whole group is gone: workers
// can outlive their master. It returns the command's exit code, 128+signal if a signal ended it.
func Guard(ctx context.Context, stdin io.Reader, g Guarded) (exit int, err error) {
	if len(g.Argv) == 0 {
		return 0, errors.New("guard: no command; write serve guard -- CMD ARGS…")
	}
	adoptOrphans()
	// The kernel signals the child when the thread that started it ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(g.Argv[0], g.Argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if g.Stdout != "" {
		out, err := os.OpenFile(g.Stdout, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return 0, fmt.Errorf("guard: %w", err)
		}
		defer out.Close()
		if _, err := out.Seek(0, io.SeekEnd); err != nil { // HAProxy sets flags of its own, and O_APPEND is gone
			return 0, fmt.Errorf("guard: %w", err)
		}
		cmd.Stdout = out
	}
	cmd.SysProcAttr = guardedGroup()
	if cmd.SysProcAttr.Credential, err = credential(g.Account); err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("guard: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	await(ctx, stdin, cmd.Process.Pid, ended)
	err = sweep(cmd.Process.Pid)
	if g.Scratch != "" {
		err = errors.Join(err, os.RemoveAll(g.Scratch))
	}
	return exitCode(cmd.ProcessState), err
}

// await returns when the command has ended, having asked it to when needed.
func await(ctx context.Context, stdin io.Reader, group int, ended <-chan error) {
	orphaned := make(chan struct{})
	go func() {
		// Ends with the process at the latest; what the parent writes means nothing.
		_, _ = io.Copy(io.Discard, stdin)
		close(orphaned)
	}()
	select {
	case <-ended:
		return
	case <-ctx.Done():
	case <-orphaned:
	}
	signalGroup(group, syscall.SIGTERM)
	timer := time.NewTimer(guardGrace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
		signalGroup(group, syscall.SIGKILL)
		<-ended
	}
}

// sweep kills what is left of the group.
func sweep(group int) error {
	deadline := clock.Now().Add(killGrace)
	for {
		signalGroup(group, syscall.SIGKILL)
		reapGroup(group)
		if !groupAlive(group) {
			return nil
		}
		if clock.Now() > deadline {
			return fmt.Errorf("guard: processes of group %d cannot be killed", group)
		}
		_ = clock.Sleep(context.Background(), time.Millisecond)
	}
}

func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
