package loadgen

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// early is how long before the due time the loop stops sleeping and polls: the kernel needs tens
// of microseconds to wake a thread.
const early = 60 * time.Microsecond

// sleep is how long to sleep before until; 0 = poll, it is almost time.
func (e *epoll) sleep(until clock.Time) time.Duration {
	left := until.Sub(e.now)
	switch {
	case left > early:
		return left - early
	case e.spin.spend(left, e.now):
		return 0
	}
	return left
}

// budget bounds the share of time spent polling, so that the generator does not take the cores from
// what it measures.
type budget struct {
	since clock.Time
	spent time.Duration
}

// spend says whether polling for d more is within a tenth of the time.
func (b *budget) spend(d time.Duration, now clock.Time) bool {
	if now.Sub(b.since) > time.Second {
		*b = budget{since: now.Add(-100 * time.Millisecond)}
	}
	if b.spent > now.Sub(b.since)/10+time.Millisecond {
		return false
	}
	// The caller comes back after one poll: charge that, at most what is left.
	b.spent += min(d, time.Microsecond)
	return true
}
