//go:build !linux

package clock

import (
	"runtime"
	"time"
)

func newAnchor() pair {
	now := time.Now()
	return pair{run: Time(now.UnixNano()), mono: now}
}

// Environment is empty where the kernel offers no clock that processes share.
func Environment() string { return "STICKYBENCH_CLOCK_OFFSET=" }

// precise spins: the only exact wait that every system has.
func precise(t Time) {
	for Now() < t {
		runtime.Gosched()
	}
}
