package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// installed is the condition [real:PROGRAM]: true when the program is here. In CI a missing one
// is an error, not a skip.
func installed(condition string) (bool, error) {
	if condition == "root" {
		return os.Geteuid() == 0, nil
	}
	program, ok := strings.CutPrefix(condition, "real:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", condition)
	}
	var err error
	if program == "duckdb" {
		_, err = duckDB("SELECT 1")
	} else {
		_, err = exec.LookPath(program)
	}
	if err != nil && os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
		return false, fmt.Errorf("%s is required here: %w", program, err)
	}
	return err == nil, nil
}

// exitCodeIs: exitcode CODE[,CODE] COMMAND [ARG...] runs the command and wants one of these exit codes.
// Runs allow 4 beside the expected one: on a busy machine a late generator makes them invalid, and the
// figures that the script then checks must hold all the same.
func exitCodeIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode CODE COMMAND [ARG...]")
	}
	code := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		code = failed.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// metricIs: metric DIR NAME OP VALUE [LABEL=VALUE...] compares a metric of DIR/report.json.
func metricIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: metric DIR NAME OP VALUE [LABEL=VALUE...]")
	}
	report, err := storedReport(ts.MkAbs(args[0]))
	ts.Check(err)
	have, ok := report.Find(args[1], labels(args[4:]))
	if !ok {
		ts.Fatalf("no metric %s %v", args[1], args[4:])
	}
	want, err := strconv.ParseFloat(args[3], 64)
	ts.Check(err)
	if !holds(have, args[2], want) {
		ts.Fatalf("%s is %v, want %s %v", args[1], have.Value, args[2], want)
	}
}

// timeIs: time DIR NAME OP VALUE is a metric of a run that calls itself valid: it must keep what it says of time. A
// machine that was too busy to measure says so instead.
func timeIs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: time DIR NAME OP VALUE [LABEL=VALUE...]")
	}
	report, err := storedReport(ts.MkAbs(args[0]))
	ts.Check(err)
	if report.Verdict == results.Invalid {
		ts.Logf("%s is not trusted: %s", args[1], report.Reasons[0])
		return
	}
	metricIs(ts, neg, args)
}

// sameMetrics: same DIR NAME NAME wants two metrics of DIR/report.json to be equal.
func sameMetrics(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: same DIR NAME NAME")
	}
	report, err := storedReport(ts.MkAbs(args[0]))
	ts.Check(err)
	a, ok := report.Find(args[1], nil)
	b, okay := report.Find(args[2], nil)
	if !ok || !okay || a.Value != b.Value {
		ts.Fatalf("%s is %v, %s is %v", args[1], a.Value, args[2], b.Value)
	}
}

func labels(pairs []string) map[string]string {
	if len(pairs) == 0 {
		return nil
	}
	found := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		found[name] = value
	}
	return found
}

func holds(m results.Metric, op string, want float64) bool {
	switch op {
	case "==":
		return m.Value == want
	case "<":
		return m.Value < want
	case ">":
		return m.Value > want
	}
	return false
}

// sessionsText: sessions DIR FILE writes what the generator planned, one request a line, without
// times: the same seed must give the same file.
func sessionsText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sessions DIR FILE")
	}
	dir, err := results.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	lines := map[string]bool{}
	for e, err := range dir.Exchanges() {
		ts.Check(err)
		lines[fmt.Sprintf("%s %d profile %d write %v from %s", e.ID, e.Seq, e.Profile, e.Flags&results.Write != 0, e.Source)] = true
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(sorted(lines)), 0o666))
}

// noChildLeft: nochild fails when a process of this test binary's children is still alive, or a directory of theirs still there.
func noChildLeft(ts *testscript.TestScript, neg bool, args []string) {
	marker := ts.Getenv("WORK") + "/" // another script may be called this one's name and more
	left := ""
	for range 100 { // those whose parent was killed need a moment to notice
		scratch, _ := filepath.Glob(ts.Getenv("TMPDIR") + "/stickybench-*") // the pattern is a good one
		if left = strings.Join(scratch, " "); left != "" || slices.ContainsFunc(processes(ts), func(line string) bool { left = line; return strings.Contains(line, marker) }) {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		return
	}
	ts.Fatalf("left running: %s", left)
}

// killStore: killstore DIR waits until the run in DIR is under way, by the samples of its store's process,
// then kills what that process guards.
func killStore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: killstore DIR")
	}
	path := ts.MkAbs(args[0])
	for range 600 {
		if pid := guardedStore(path); pid > 0 {
			ts.Check(syscall.Kill(pid, syscall.SIGKILL))
			return
		}
		_ = clock.Sleep(context.Background(), 50*time.Millisecond)
	}
	ts.Fatalf("the run sampled no store within 30 s")
}

// guardedStore is the process that the store's guard started; 0 before the run is under way.
func guardedStore(path string) int {
	dir, err := results.Open(path)
	if err != nil {
		return 0
	}
	samples, err := dir.Samples()
	if err != nil {
		return 0
	}
	seen := 0
	for _, s := range samples {
		if s.Process == "store" {
			seen++
		}
		if seen < 3 { // one a second
			continue
		}
		paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.PID)) // any thread may have started it
		for _, path := range paths {
			text, _ := os.ReadFile(path) // a thread that is gone has none
			if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
				return pid
			}
		}
	}
	return 0
}

// processes lists the command lines of all processes but this one.
func processes(ts *testscript.TestScript) (lines []string) {
	entries, err := os.ReadDir("/proc")
	ts.Check(err)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == syscall.Getpid() {
			continue
		}
		text, err := os.ReadFile("/proc/" + e.Name() + "/cmdline")
		if err == nil && len(text) > 0 {
			lines = append(lines, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return lines
}

// truncateFile: truncated FILE BYTES cuts that many bytes off the end of FILE.
func truncateFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: truncated FILE BYTES")
	}
	path := ts.MkAbs(args[0])
	cut, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	info, err := os.Stat(path)
	ts.Check(err)
	ts.Check(os.Truncate(path, info.Size()-cut))
}

// acknowledgedAll: acknowledged DIR fails when an answer has no line in the ledgers.
func acknowledgedAll(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: acknowledged DIR")
	}
	dir, err := results.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	served, answered := map[uint64]bool{}, 0
	for s, err := range dir.Serves() {
		ts.Check(err)
		served[s.Nonce] = true
	}
	for e, err := range dir.Exchanges() {
		ts.Check(err)
		if e.Failure != results.Answered || e.Boot == 0 {
			continue
		}
		if answered++; !served[e.Nonce] {
			ts.Fatalf("request %s %d was answered by %s, whose ledger does not say so", e.ID, e.Seq, e.Instance)
		}
	}
	if answered < 100 {
		ts.Fatalf("only %d answers", answered)
	}
}

func sorted(lines map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(lines)), "\n") + "\n"
}

// scrape asks URL until the answer matches PATTERN.
func scrape(ts *testscript.TestScript, _ bool, args []string) {
	wanted, last := regexp.MustCompile(args[1]), ""
	for range 500 {
		if answer, err := http.Get(args[0]); err == nil {
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if last = string(body); wanted.MatchString(last) {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s never matched %s; last:\n%s", args[0], args[1], last)
}
