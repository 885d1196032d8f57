//go:build !linux

package loadgen

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// waiter is as exact as the runtime's timers.
type waiter struct{ woken chan struct{} }

func newWaiter() (*waiter, error) { return &waiter{woken: make(chan struct{}, 1)}, nil }

func (w *waiter) begin() {}

func (w *waiter) wait(until clock.Time) {
	timer := time.NewTimer(until.Sub(clock.Now()))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.woken:
	}
}

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

func (w *waiter) close() error { return nil }
