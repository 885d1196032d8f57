package loadgen

import (
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// spinning plays ten virtual seconds of requests each interval, to a kernel that wakes 30 µs late, and gives
// the share of the time that was polled in the last five, and how late requests were then, on average.
func spinning(interval time.Duration) (share float64, late time.Duration) {
	const overshoot, poll = 30 * time.Microsecond, 500 * time.Nanosecond
	s, now, begin := spin{}, clock.Time(0), clock.Time(5*time.Second)
	var polled time.Duration
	n := 0
	for due := clock.Time(interval); due < clock.Time(10*time.Second); due = due.Add(interval) {
		for s.last = 0; now < due; {
			d := s.sleep(now, due)
			if d > 0 {
				now = now.Add(d + overshoot)
				continue
			}
			now = now.Add(poll)
			if due > begin {
				polled += poll
			}
		}
		if due > begin {
			late += now.Sub(due)
			n++
		}
	}
	return polled.Seconds() / 5, late / time.Duration(n)
}

func TestSpinKeepsToItsShare(t *testing.T) {
	for _, interval := range []time.Duration{10 * time.Microsecond, 50 * time.Microsecond, 200 * time.Microsecond, 10 * time.Millisecond} {
		share, late := spinning(interval)
		t.Logf("each %v: %.3f of the time, %v late", interval, share, late)
		if share > 0.12 {
			t.Errorf("each %v: %.3f of the time was polled, want a tenth at most", interval, share)
		}
		if interval >= 200*time.Microsecond && late > 12*time.Microsecond {
			t.Errorf("each %v: %v late on average", interval, late)
		}
	}
}
