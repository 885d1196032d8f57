package lb

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// streak counts checks that contradict the present verdict.
type streak struct{ against int }

// observe gives the new verdict after one check.
func (s *streak) observe(down, ok bool, h Health) bool {
	if ok != down { // the check agrees
		s.against = 0
		return down
	}
	s.against++
	need := h.Fall
	if down {
		need = h.Rise
	}
	if s.against < need {
		return down
	}
	s.against = 0
	return !down
}

// check probes every member each interval until ctx is done.
func (r *router) check(ctx context.Context, h Health) {
	if h.Interval <= 0 {
		return
	}
	tick := time.NewTicker(h.Interval)
	defer tick.Stop()
	for {
		r.probeAll(ctx, h)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *router) probeAll(ctx context.Context, h Health) {
	var probes sync.WaitGroup
	for _, m := range r.pool.Load().members {
		probes.Go(func() {
			ok := m.healthy(ctx, h.Timeout)
			if ctx.Err() == nil {
				m.down.Store(m.streak.observe(m.down.Load(), ok, h))
			}
		})
	}
	probes.Wait()
}

func (m *member) healthy(ctx context.Context, timeout time.Duration) bool {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL+"/healthz", nil)
	if err != nil {
		return false
	}
	answer, err := m.transport.RoundTrip(q)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode < http.StatusMultipleChoices
}
