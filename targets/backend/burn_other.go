//go:build !linux

package backend

import "time"

// burn spins by the wall clock: this system offers no per-thread one.
func burn(cost time.Duration) time.Duration {
	start := time.Now()
	for time.Since(start) < cost {
	}
	return time.Since(start)
}
