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

	"github.com/stickybench/stickybench/results"
)

// analyzeVariable makes the test binary analyze one directory: a fresh process has a peak of its own.
const analyzeVariable = "STICKYBENCH_BENCH_ANALYZE"

// millionsVariable lists the sizes, "1,10,100"; `make bench-analysis` sets it.
const millionsVariable = "STICKYBENCH_BENCH_MILLIONS"

func TestMain(m *testing.M) {
	if path := os.Getenv(analyzeVariable); path != "" {
		if err := analyzeDirectory(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func analyzeDirectory(path string) error {
	d, err := results.Open(path)
	if err != nil {
		return err
	}
	r, err := Analyze(d)
	if err != nil {
		return err
	}
	if out := os.Getenv("STICKYBENCH_BENCH_REPORT"); out != "" {
		return d.WriteReport(r)
	}
	return nil
}

func BenchmarkAnalyze(b *testing.B) {
	for _, text := range strings.Split(os.Getenv(millionsVariable), ",") {
		millions, err := strconv.Atoi(text)
		if err != nil {
			millions = 1
		}
		b.Run(fmt.Sprintf("%dM", millions), func(b *testing.B) { benchmarkAnalyze(b, millions*1_000_000) })
	}
}

func benchmarkAnalyze(b *testing.B, exchanges int) {
	const size = 330 // bytes of both ends of one request
	path := b.TempDir()
	var disk unix.Statfs_t
	if err := unix.Statfs(path, &disk); err != nil {
		b.Fatal(err)
	}
	if free, need := disk.Bavail*uint64(disk.Bsize), uint64(exchanges)*size*5/4; free < need {
		b.Skipf("%d MB are free, %d MB are needed", free>>20, need>>20)
	}
	if err := newSynthetic(exchanges).write(path + "/run"); err != nil {
		b.Fatal(err)
	}
	var cpu float64
	var peak int64
	for b.Loop() {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), analyzeVariable+"="+path+"/run")
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		state := cmd.ProcessState
		cpu += (state.UserTime() + state.SystemTime()).Seconds()
		peak = max(peak, state.SysUsage().(*syscall.Rusage).Maxrss)
	}
	b.ReportMetric(float64(exchanges)*float64(b.N)/cpu, "exchanges/cpu-s")
	b.ReportMetric(float64(peak)/1024, "peak-MB")
}
