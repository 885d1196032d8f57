package loadgen

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Fitness says whether this machine can measure with so many concurrent users. It only looks.
func Fitness(users int) []Finding {
	return []Finding{files(users), ports(), backlog(), clockSource(), cores(), load(), autogroup()}
}

func files(users int) Finding {
	f := Finding{What: "open files"}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		f.Saw, f.Advice = err.Error(), "look with ulimit -n"
		return f
	}
	f.Saw = strconv.FormatUint(limit.Max, 10)
	if need := uint64(users) + 200; limit.Max < need {
		f.Advice = fmt.Sprintf("%d users with kept connections need %d: raise it (ulimit -n), or set load.idle_timeout", users, need)
	}
	return f
}

// portsPerPair is what one source address needs at least towards one destination.
const portsPerPair = 20_000

func ports() Finding {
	f := Finding{What: "ports per source address", Saw: text("/proc/sys/net/ipv4/ip_local_port_range")}
	var low, high int
	if _, err := fmt.Sscan(f.Saw, &low, &high); err != nil || high-low < portsPerPair {
		f.Advice = "users behind one address run out of ports: sysctl net.ipv4.ip_local_port_range='1024 65535'"
	}
	return f
}

func backlog() Finding {
	f := Finding{What: "listen backlog", Saw: text("/proc/sys/net/core/somaxconn")}
	if n, err := strconv.Atoi(f.Saw); err != nil || n < 1024 {
		f.Advice = "bursts of new connections are refused: sysctl net.core.somaxconn=4096"
	}
	return f
}

func clockSource() Finding {
	f := Finding{What: "clock source", Saw: text("/sys/devices/system/clocksource/clocksource0/current_clocksource")}
	switch f.Saw {
	case "tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page":
	default:
		f.Advice = "reading the time is a system call here: every time stamp costs the generator; boot with clocksource=tsc where the machine allows"
	}
	return f
}

func cores() Finding {
	f := Finding{What: "cores", Saw: strconv.Itoa(runtime.NumCPU())}
	if runtime.NumCPU() < 2 {
		f.Advice = "generator and balancer share the core: the figures hold both; use a machine with two or more"
	}
	return f
}

// busy is the load per core above which others take time from the generator.
const busy = 0.5

func load() Finding {
	first, _, _ := strings.Cut(text("/proc/loadavg"), " ")
	f := Finding{What: "load of the last minute", Saw: first}
	if average, err := strconv.ParseFloat(first, 64); err != nil || average > busy*float64(runtime.NumCPU()) {
		f.Advice = "something else is running: wait, or expect runs to be invalid"
	}
	return f
}

func autogroup() Finding {
	f := Finding{What: "scheduler autogroup", Saw: "off"}
	if text("/proc/sys/kernel/sched_autogroup_enabled") == "1" {
		f.Saw, f.Advice = "on", "programs of other sessions weigh as much as this one: sysctl kernel.sched_autogroup_enabled=0"
	}
	return f
}

// text is the file without its end of line; empty when it cannot be read.
func text(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(strings.ReplaceAll(string(b), "\t", " "))
}
