package clock

import (
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// OffsetVariable hands the parent's wall offset to child processes so that all agree even if
// the wall clock steps during the run.
const OffsetVariable = "STICKYBENCH_CLOCK_OFFSET"

func newAnchor() pair {
	var ts unix.Timespec
	mono := time.Now()
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return pair{run: Time(mono.UnixNano()), mono: mono}
	}
	offset := mono.UnixNano() - ts.Nano()
	if inherited, err := strconv.ParseInt(os.Getenv(OffsetVariable), 10, 64); err == nil {
		offset = inherited
	}
	return pair{run: Time(ts.Nano() + offset), mono: mono}
}

// Environment is the variable a child process needs to share this clock, as NAME=VALUE.
func Environment() string {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // cannot fail for this clock
	return OffsetVariable + "=" + strconv.FormatInt(int64(Now())-ts.Nano(), 10)
}

// precise blocks the thread. The kernel's default timer slack of 50 µs is turned off for the
// thread first; the setting is cheaper than remembering which threads have it.
func precise(t Time) {
	left := t.Sub(Now())
	if left <= 0 {
		return
	}
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	for left = t.Sub(Now()); left > 0; left = t.Sub(Now()) {
		ts := unix.NsecToTimespec(int64(left))
		_ = unix.Nanosleep(&ts, nil) // interrupted sleeps go round again
	}
}
