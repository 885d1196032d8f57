package loadgen

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// errTimeout is a limit of time that an exchange passed.
var errTimeout = errors.New("time-out")

// expire ends what has waited too long.
func (e *epoll) expire() {
	for s := e.sockets.first(awaited); s != nil && s.request.Deadline <= e.now; s = e.sockets.first(awaited) {
		f := results.TimedOut
		if e.sockets.in(connecting, s) {
			f = results.ConnectFailed
		}
		e.fail(s, f, fmt.Errorf("no complete answer: %w", errTimeout))
	}
	for s := e.overdue(connecting, e.connectTimeout); s != nil; s = e.overdue(connecting, e.connectTimeout) {
		e.fail(s, results.ConnectFailed, fmt.Errorf("no connection within %v: %w", e.connectTimeout, errTimeout))
	}
	for s := e.overdue(unanswered, e.firstByteTimeout); s != nil; s = e.overdue(unanswered, e.firstByteTimeout) {
		e.fail(s, results.TimedOut, fmt.Errorf("no answer within %v: %w", e.firstByteTimeout, errTimeout))
	}
	for s := e.overdue(idling, e.idleTimeout); s != nil; s = e.overdue(idling, e.idleTimeout) {
		e.drop(s)
	}
}

// overdue is the list's oldest when it has been there for limit; a limit of 0 is none.
func (e *epoll) overdue(list int, limit time.Duration) *socket {
	s := e.sockets.first(list)
	if s == nil || limit == 0 || s.since.Add(limit) > e.now {
		return nil
	}
	return s
}

// nextExpiry is when expire must look again.
func (e *epoll) nextExpiry() clock.Time {
	at := clock.Time(math.MaxInt64)
	if s := e.sockets.first(awaited); s != nil {
		at = s.request.Deadline
	}
	limits := [lists]time.Duration{connecting: e.connectTimeout, unanswered: e.firstByteTimeout, idling: e.idleTimeout}
	for list, limit := range limits {
		if s := e.sockets.first(list); s != nil && limit > 0 {
			at = min(at, s.since.Add(limit))
		}
	}
	return at
}
