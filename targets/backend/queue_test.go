package backend

import (
	"math"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
)

// A queue of one server with Poisson arrivals and exponential service has the mean response time
// S/(1−ρ); utilisation is busy time over wall time.
func TestQueueIsAQueue(t *testing.T) {
	const rate, service, n = 50.0, 0.005, 200_000 // half a core: 10 ms each, half of the time busy
	now, random := clock.Time(1e9), profiles.NewRand(3)
	begin, q, sum := now, newQueue(0.5), time.Duration(0)
	q.now = func() clock.Time { return now }
	for range n {
		now = now.Add(time.Duration(random.Exponential() / rate * 1e9))
		sum += q.admit(time.Duration(random.Exponential() * service * 1e9)).Sub(now)
	}
	mean, want := sum.Seconds()/n, service/0.5/(1-rate*service/0.5)
	if math.Abs(mean/want-1) > 0.03 {
		t.Errorf("mean response time %.4f s, want %.4f s", mean, want)
	}
	if used := q.busy().Seconds() / (now.Sub(begin).Seconds() * 0.5); math.Abs(used-0.5) > 0.01 {
		t.Errorf("utilisation %.3f, want 0.5", used)
	}
}

// What waits in the queue has not been served yet: utilisation never exceeds 1.
func TestBusyCountsOnlyWhatWasServed(t *testing.T) {
	now := clock.Time(1e9)
	q := newQueue(1.5) // two servers at three quarters
	q.now = func() clock.Time { return now }
	for range 10 {
		q.admit(3 * time.Second)
	}
	now = now.Add(2 * time.Second)
	if got := q.busy(); got != 3*time.Second {
		t.Errorf("%v of CPU time in 2 s on 1.5 cores, want 3 s", got)
	}
	now = now.Add(time.Hour)
	if got := q.busy(); got != 30*time.Second {
		t.Errorf("%v in the end, want all 30 s", got)
	}
}
