//go:build linux

package analysis

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

const (
	// analyzeVariable makes the test binary analyze one directory, or a synthetic run of so many
	// exchanges, and nothing else: a fresh process has a peak memory of its own.
	analyzeVariable = "STICKYBENCH_BENCH_ANALYZE"
	// millionsVariable lists the sizes, such as 1,10,100; `make bench-analysis` sets it.
	millionsVariable = "STICKYBENCH_BENCH_MILLIONS"
	// requestBytes is what both ends of one request take on disk.
	requestBytes = 320
)

func TestMain(m *testing.M) {
	what := os.Getenv(analyzeVariable)
	if what == "" {
		os.Exit(m.Run())
	}
	if err := analyzeAlone(what); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func analyzeAlone(what string) error {
	if exchanges, err := strconv.Atoi(what); err == nil {
		_, err = analyze(newSynthetic(exchanges).input(patient(profiles.Default())))
		return err
	}
	d, err := results.Open(what)
	if err != nil {
		return err
	}
	_, err = Analyze(d)
	return err
}

// BenchmarkAnalyze gives exchanges per second of CPU time, reading both ends of each from files that the
// real logs wrote, and the peak memory of the process.
func BenchmarkAnalyze(b *testing.B) {
	for _, text := range strings.Split(os.Getenv(millionsVariable), ",") {
		millions, err := strconv.Atoi(text)
		if err != nil {
			millions = 1
		}
		b.Run(fmt.Sprintf("exchanges=%dM", millions), func(b *testing.B) { benchmarkAnalyze(b, millions*1_000_000) })
	}
}

func benchmarkAnalyze(b *testing.B, exchanges int) {
	what := prepared(b, exchanges)
	var cpu float64
	var peak int64
	for b.Loop() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), analyzeVariable+"="+what)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		state := cmd.ProcessState
		cpu += (state.UserTime() + state.SystemTime()).Seconds()
		peak = max(peak, state.SysUsage().(*syscall.Rusage).Maxrss)
	}
	b.ReportMetric(float64(exchanges)*float64(b.N)/cpu, "exchanges/cpu-s")
	b.ReportMetric(float64(peak)/1024, "peak-MiB")
}

// prepared writes the run directory; a disk too small for it gets the same run made up in memory.
func prepared(b *testing.B, exchanges int) string {
	path := b.TempDir()
	var disk unix.Statfs_t
	if err := unix.Statfs(path, &disk); err != nil {
		b.Fatal(err)
	}
	free, need := disk.Bavail*uint64(disk.Bsize), uint64(exchanges)*requestBytes
	if free < need*3/2 {
		b.Logf("%d MiB are free in %s and %d MiB are needed: the run is made up in memory, reading files is not measured", free>>20, os.TempDir(), need>>20)
		return strconv.Itoa(exchanges)
	}
	if err := newSynthetic(exchanges).write(path + "/run"); err != nil {
		b.Fatal(err)
	}
	return path + "/run"
}
