package loadgen

import (
	"cmp"
	"fmt"
	"sync"
	"time"

	hdrhistogram "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// tally counts; only what Progress shows is shared, under mu, which finish holds while it records a batch.
type tally struct {
	offered, sent, dropped, refused, sessions, switched, errors uint64
	service                                                     time.Duration // sum over all requests that were sent
	unconnected, malformed                                      trouble

	mu        sync.Mutex
	shown     Progress
	instances []uint64 // answers by place in the shard's names
	total     *hdrhistogram.Histogram
}

// trouble counts failures that their first one explains.
type trouble struct {
	count uint64
	first error
}

func (t *trouble) add(count uint64, err error) {
	t.count += count
	t.first = cmp.Or(t.first, err)
}

// warn is what the person reads of it.
func (t *trouble) warn(what string) []string {
	if t.count == 0 {
		return nil
	}
	return []string{fmt.Sprintf("requests that %s: %d; the first: %v", what, t.count, t.first)}
}

// histogram: 1 µs to an hour at 1 %; two digits keep a slice at 24 KiB.
func histogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(time.Microsecond), int64(time.Hour), 2)
}

// crowd counts what is in flight and integrates it over time, for Little's law.
type crowd struct {
	n    int
	at   clock.Time
	area time.Duration // sum of n·dt
}

func (c *crowd) change(now clock.Time, by int) {
	c.area += time.Duration(c.n) * now.Sub(c.at)
	c.n, c.at = c.n+by, now
}

func (s *shard) count(e *results.Exchange, instance uint16) {
	t := &s.tally
	if e.Sent != 0 {
		t.sent++
		t.service += e.Done.Sub(e.Sent)
		s.note(s.lag, e.Sent.Sub(e.Due))
	}
	if e.Failure == results.Dropped {
		t.dropped++
	}
	if e.Failure != results.Answered || e.Status >= 500 {
		t.errors++
	}
	if e.Failure == results.Answered {
		t.shown.Answered++
		t.shown.ResponseSum += e.Done.Sub(e.Due)
		t.answeredBy(instance)
		s.note(t.total, e.Done.Sub(e.Due))
		s.note(s.slice(e), e.Done.Sub(e.Due))
	}
}

// show brings what Progress shows up to date.
func (s *shard) show() {
	t := &s.tally
	p := &t.shown
	p.Users, p.InFlight, p.Requests, p.Dropped = s.users.n-len(s.free), s.flying.n, t.sent, t.dropped
	p.Errors, p.Sessions, p.Switched = t.errors, t.sessions, t.switched
}

func (t *tally) answeredBy(instance uint16) {
	for len(t.instances) <= int(instance) {
		t.instances = append(t.instances, 0)
	}
	t.instances[instance]++
}

// explain keeps why a request failed where its record has no room for it.
func (s *shard) explain(r *Request) {
	switch r.Failure {
	case results.ConnectFailed:
		s.tally.unconnected.add(1, r.Err)
	case results.Malformed:
		s.tally.malformed.add(1, r.Err)
	}
}

func (s *shard) note(h *hdrhistogram.Histogram, d time.Duration) {
	s.fail(h.RecordValue(int64(min(max(d, 0), time.Hour))))
}

// width is a second, or more in runs of over ten minutes so that the log stays small.
func (s *shard) width() time.Duration {
	return max(time.Second, (time.Duration(s.exp.Duration) / 600).Truncate(time.Second))
}

func (s *shard) slice(e *results.Exchange) *hdrhistogram.Histogram {
	i := int(max(0, e.Done.Sub(s.start)) / s.width())
	for len(s.slices) <= i {
		s.slices = append(s.slices, histogram())
	}
	return s.slices[i]
}
