package backend

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// queue is a virtual CPU: requests wait in order for one of its servers and occupy it for their CPU
// time, so that any number of instances fits one machine with true queueing. Half a core is one
// server at half speed, one and a half are two at three quarters.
type queue struct {
	speed float64
	now   func() clock.Time

	mu   sync.Mutex
	free []clock.Time  // when each server has served all that came so far
	sold time.Duration // CPU time of everything that came so far
}

func newQueue(cores float64) *queue {
	n := math.Ceil(cores)
	return &queue{speed: cores / n, now: clock.Now, free: make([]clock.Time, int(n))}
}

// use waits until cost of CPU time has been served, after all that came before. The work is done
// even when nobody waits for it any more.
func (q *queue) use(ctx context.Context, cost time.Duration) {
	_ = clock.SleepUntil(ctx, q.admit(cost)) // as above
}

// admit gives the earliest free server to the request and says when it will be served.
func (q *queue) admit(cost time.Duration) (served clock.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := 0
	for n := range q.free {
		if q.free[n] < q.free[first] {
			first = n
		}
	}
	q.sold += cost
	q.free[first] = max(q.now(), q.free[first]).Add(time.Duration(float64(cost) / q.speed))
	return q.free[first]
}

// busy is the CPU time served up to now: what was admitted less what is still to come.
func (q *queue) busy() time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	busy, now := q.sold, q.now()
	for _, free := range q.free {
		busy -= time.Duration(float64(max(0, free.Sub(now))) * q.speed)
	}
	return busy
}
