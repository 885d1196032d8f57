package targets

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/stickybench/stickybench/results"
)

// measure adds the counters of the given processes into s; a process that is gone adds nothing.
func measure(s *results.Sample, pids ...int) {
	for _, pid := range pids {
		s.CPU += processCPU(pid)
		s.RSS += residentBytes(pid)
		s.RunWait += runWait(pid)
	}
}

// processCPU reads the CPU clock of another process: nanoseconds, threads that ended included,
// which neither ticks in /proc/PID/stat nor the sum over live tasks can offer.
func processCPU(pid int) time.Duration {
	const cpuClockSched = 2 // see CPUCLOCK_SCHED in the kernel's posix-timers.h
	var ts unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|cpuClockSched), &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}

func residentBytes(pid int) uint64 {
	fields := procFields(fmt.Sprintf("/proc/%d/statm", pid))
	if len(fields) < 2 {
		return 0
	}
	return number(fields[1]) * uint64(os.Getpagesize())
}

// runWait sums over the tasks: /proc/PID/schedstat covers the main thread only.
func runWait(pid int) time.Duration {
	var sum uint64
	for _, task := range numbers(fmt.Sprintf("/proc/%d/task", pid)) {
		if fields := procFields(fmt.Sprintf("/proc/%d/task/%d/schedstat", pid, task)); len(fields) >= 2 {
			sum += number(fields[1])
		}
	}
	return time.Duration(sum)
}

// steal is the time the hypervisor took from this host, from the first line of /proc/stat.
func steal() time.Duration {
	const stealField, ticksPerSecond = 8, 100
	fields := procFields("/proc/stat")
	if len(fields) <= stealField {
		return 0
	}
	return time.Duration(number(fields[stealField])) * time.Second / ticksPerSecond
}

func procFields(path string) []string {
	text, _ := os.ReadFile(path) // gone is empty
	return strings.Fields(string(text))
}

func number(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64) // the kernel writes numbers
	return n
}
