package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/results"
)

// lab is the place of the measurements: a work directory and the tools that are there.
type lab struct {
	work            string
	rounds, seconds int
	paths           map[string]string // of the tools found or built
	outs            int
	patience        time.Duration // for others to rest before a run
	runs, disturbed int
}

func newLab(rounds, seconds int) *lab {
	work, err := os.MkdirTemp("", "peers")
	check(err)
	return &lab{work: work, rounds: rounds, seconds: seconds, paths: map[string]string{}}
}

// modules are the tools that the Go module proxy has. A fortio from 1.67 on needs a module that not every
// proxy gives out.
var modules = map[string]string{
	"bombardier": "github.com/codesenberg/bombardier@v1.2.6",
	"vegeta":     "github.com/tsenart/vegeta/v12@v12.13.0",
	"fortio":     "fortio.org/fortio@v1.66.5",
	"k6":         "go.k6.io/k6@v1.8.1",
}

// equip builds our own binary and finds or builds the others.
func (l *lab) equip(names []string) {
	for _, name := range names {
		path := filepath.Join(l.work, name)
		cmd := exec.Command("go", "build", "-o", path, "./cmd/stickybench")
		if name != "stickybench" {
			if found, err := exec.LookPath(name); err == nil {
				l.paths[name] = found
				continue
			}
			if modules[name] == "" {
				fmt.Printf("%s is left out: it is not installed, and it is none of those that can be built\n", name)
				continue
			}
			cmd = exec.Command("go", "install", modules[name])
			cmd.Env = append(os.Environ(), "GOBIN="+l.work)
		}
		if text, err := cmd.CombinedOutput(); err != nil {
			fmt.Printf("%s is left out: %v: %s\n", name, err, lastLine(text))
			continue
		}
		l.paths[name] = path
	}
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// here picks those of the tools that are there.
func (l *lab) here(names ...string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return l.paths[name] == "" })
}

// outcome is one finished run of a tool.
type outcome struct {
	text []byte // stdout
	cpu  time.Duration
}

// run runs a tool on the second core, at most a minute longer than it should take. Exit codes are not
// judged: ours says with them what it thinks of the server.
func (l *lab) run(name string, seconds int, watch func(pid int), args ...string) outcome {
	l.calm()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "taskset", append([]string{"-c", "1", l.paths[name]}, args...)...)
	cmd.Dir, cmd.Stderr = l.work, io.Discard
	cmd.Env = append(os.Environ(), "K6_NO_USAGE_REPORT=true", "K6_ADDRESS=")
	var text strings.Builder
	cmd.Stdout = &text
	check(cmd.Start())
	if watch != nil {
		go watch(cmd.Process.Pid)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		log.Fatalf("%s: %v %v", name, err, ctx.Err())
	}
	return outcome{[]byte(text.String()), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

// calm waits until others use less than a tenth of the machine, and counts the runs for which they did not.
func (l *lab) calm() {
	l.runs++
	for end := time.Now().Add(l.patience); !idle(); {
		if time.Now().After(end) {
			l.disturbed++
			return
		}
	}
}

// idle watches the machine for a quarter of a second.
func idle() bool {
	before, start := idleTime(), time.Now()
	time.Sleep(250 * time.Millisecond)
	return (idleTime() - before).Seconds() > 0.9*time.Since(start).Seconds()*float64(runtime.NumCPU())
}

// idleTime is how long the processors have rested since the machine started, in all.
func idleTime() time.Duration {
	text, err := os.ReadFile("/proc/uptime")
	check(err)
	_, rested, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	seconds, err := strconv.ParseFloat(rested, 64)
	check(err)
	return time.Duration(seconds * 1e9)
}

// file writes a file into the work directory and gives its path.
func (l *lab) file(name, text string) string {
	path := filepath.Join(l.work, name)
	check(os.WriteFile(path, []byte(text), 0o644))
	return path
}

// fresh gives a path that nothing is at yet.
func (l *lab) fresh() string {
	l.outs++
	return filepath.Join(l.work, "out"+strconv.Itoa(l.outs))
}

// start starts a server on the first core.
func start(name string, args ...string) *exec.Cmd {
	cmd := exec.Command("taskset", append([]string{"-c", "0", name}, args...)...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// machine says when, where, and how busy others keep it.
func machine() string {
	h := results.ThisHost()
	load, _ := os.ReadFile("/proc/loadavg")
	average, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s, %d cores of %s, Linux %s, %s, load average before %s",
		time.Now().UTC().Format("2006-01-02 15:04 UTC"), h.Cores, h.CPU, h.Kernel, runtime.Version(), average)
}
