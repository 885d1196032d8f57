package backend

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// burn spins until this thread has used that much CPU time and returns what it used. The thread's
// own clock keeps the cost exact under contention.
func burn(cost time.Duration) time.Duration {
	if cost <= 0 {
		return 0
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start := threadCPU()
	used := time.Duration(0)
	for used < cost {
		used = threadCPU() - start
	}
	return used
}

func threadCPU() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) // cannot fail for this clock
	return time.Duration(ts.Nano())
}
