package loadgen

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/stickybench/stickybench/internal/clock"
)

// waiter waits until a time or a wake, whichever is first, to tens of microseconds. Go's own
// timers round up to a millisecond. The waiting goroutine keeps its thread for the timer slack.
type waiter struct{ fd int }

func newWaiter() (*waiter, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("creating eventfd: %w", err)
	}
	return &waiter{fd: fd}, nil
}

// begin is called once on the waiting goroutine.
func (w *waiter) begin() {
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}

func (w *waiter) wait(until clock.Time) {
	left := until.Sub(clock.Now())
	if left <= 0 {
		return
	}
	ts := unix.NsecToTimespec(int64(left))
	fds := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}
	_, _ = unix.Ppoll(fds, &ts, nil) // an interrupted wait is a short one: the caller looks again
	var buf [8]byte
	_, _ = unix.Read(w.fd, buf[:])
}

func (w *waiter) wake() { _, _ = unix.Write(w.fd, []byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (w *waiter) close() error {
	runtime.UnlockOSThread()
	return unix.Close(w.fd)
}
