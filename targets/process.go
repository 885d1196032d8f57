package targets

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// process is one child, the leader of its own process group so that a Ctrl-C on the terminal
// reaches only us and we end it in order.
type process struct {
	name    string
	guard   bool // runs another program; its own counters do not matter
	cmd     *exec.Cmd
	stdin   io.Closer
	stdout  *firstLine
	stderr  *tail
	ordered atomic.Bool   // its end is wanted
	done    chan struct{} // closed when it was reaped
	why     string        // how it ended; valid after done
}

// endpoints is the ready line of our own roles.
type endpoints struct {
	Traffic string `json:"traffic"`
	Control string `json:"control"`
}

const (
	readyTimeout = 15 * time.Second
	// pipeGrace bounds the wait for output that a grandchild keeps open.
	pipeGrace = 2 * time.Second
	killGrace = 5 * time.Second
)

// launch runs this program again as self (its path, then the name it is to run under) says.
func launch(name string, self []string, args ...string) (*process, error) {
	p := &process{
		name:   name,
		cmd:    exec.Command(self[0], args...),
		stdout: &firstLine{line: make(chan []byte, 1)},
		stderr: &tail{},
		done:   make(chan struct{}),
	}
	if len(self) > 1 {
		p.cmd.Args[0] = self[1]
	}
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.Env = append(os.Environ(), clock.Environment())
	p.cmd.SysProcAttr = ownGroup()
	p.cmd.WaitDelay = pipeGrace
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go p.reap()
	return p, nil
}

func (p *process) reap() {
	err := p.cmd.Wait()
	p.why = strings.ReplaceAll(p.cmd.ProcessState.String(), ":", "")
	if p.cmd.ProcessState == nil {
		p.why = err.Error()
	}
	close(p.done)
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// role starts one of our own roles and waits for its ready line.
func role(ctx context.Context, name string, self []string, role string, config any) (*process, endpoints, error) {
	var ready endpoints
	encoded, err := json.Marshal(config)
	if err != nil {
		return nil, ready, fmt.Errorf("configuring %s: %w", name, err)
	}
	p, err := launch(name, self, "serve", role, "--config", string(encoded), "--parent-pipe")
	if err != nil {
		return nil, ready, err
	}
	line, err := p.firstLine(ctx)
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		p.kill()
		return nil, ready, fmt.Errorf("starting %s: %w", name, err)
	}
	return p, ready, nil
}

func (p *process) firstLine(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	select {
	case line := <-p.stdout.line:
		return line, nil
	case <-p.done:
		return nil, p.exited()
	case <-ctx.Done():
		return nil, fmt.Errorf("not ready after %v: %w", readyTimeout, ctx.Err())
	}
}

// exited is the error of a process that ended on its own.
func (p *process) exited() error {
	if text := p.stderr.String(); text != "" {
		return fmt.Errorf("exited with %s: %s", p.why, text)
	}
	return fmt.Errorf("exited with %s", p.why)
}

// kill ends the process and everything it started, at once.
func (p *process) kill() {
	select {
	case <-p.done:
		return
	default:
	}
	family := descendants(p.pid())
	signalGroup(p.pid(), syscall.SIGKILL)
	for _, pid := range family {
		_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is fine
	}
	p.stdin.Close()
	<-p.done
}

// stop asks the process to end and kills it after grace.
func (p *process) stop(ctx context.Context, grace time.Duration) error {
	signalGroup(p.pid(), syscall.SIGCONT) // a frozen process cannot obey
	signalGroup(p.pid(), syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	p.kill()
	return p.gone(ctx)
}

// gone waits until no process of the group is left.
func (p *process) gone(ctx context.Context) error {
	deadline := clock.Now().Add(killGrace)
	for groupAlive(p.pid()) {
		if clock.Now() > deadline {
			return fmt.Errorf("%s: processes of group %d are still running", p.name, p.pid())
		}
		_ = clock.Sleep(context.WithoutCancel(ctx), time.Millisecond)
	}
	return nil
}
