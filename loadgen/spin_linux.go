package loadgen

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// The kernel needs tens of microseconds to wake a thread, more at times. So the loop asks to be woken early
// and polls the rest: as early as a share of the time allows, so that the generator does not take the cores
// from what it measures. What was begun is polled to its end: to sleep again would cost what it was to save.
const (
	mostEarly = 80 * time.Microsecond
	earlyStep = time.Microsecond
	spinShare = 10                   // a tenth
	onePoll   = 2 * time.Microsecond // at most; what is longer was something else
)

// spin knows how early to wake, and how long was polled of the time since.
type spin struct {
	early       time.Duration
	since, last clock.Time // last: the poll before this one; zero when a wait begins
	spent       time.Duration
}

// sleep is how long to sleep before until; 0 = poll, it is almost time.
func (s *spin) sleep(now, until clock.Time) time.Duration {
	if s.last == 0 {
		s.adapt(now)
	}
	if left := until.Sub(now); left > s.early {
		s.last = 0
		return left - s.early
	}
	if s.last != 0 {
		s.spent += min(now.Sub(s.last), onePoll)
	}
	s.last = now
	return 0
}

// adapt moves the time of waking towards where polling just fits its share.
func (s *spin) adapt(now clock.Time) {
	if now.Sub(s.since) > time.Second {
		s.since, s.spent = now.Add(-time.Second/spinShare), s.spent/spinShare
	}
	if s.spent < now.Sub(s.since)/spinShare {
		s.early = min(s.early+earlyStep, mostEarly)
	} else {
		s.early = max(s.early-earlyStep, 0)
	}
}
