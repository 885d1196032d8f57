package loadgen

import (
	"context"
	"maps"
	"slices"
	"time"

	hdrhistogram "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/internal/clock"
)

// watch calls Progress until ctx is done.
func (o Options) watch(ctx context.Context, shards []*shard) {
	if o.Progress == nil {
		return
	}
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	var last Progress
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := progress(shards, clock.Now().Sub(o.Start))
		if d := (now.Elapsed - last.Elapsed).Seconds(); d > 0 {
			now.Rate = float64(now.Requests-last.Requests) / d
		}
		o.Progress(now)
		last = now
	}
}

// progress adds up what the shards show.
func progress(shards []*shard, elapsed time.Duration) Progress {
	sum, all := Progress{Elapsed: elapsed}, histogram()
	instances := map[string]uint64{}
	for _, s := range shards {
		s.tally.mu.Lock()
		p := s.tally.shown
		all.Merge(s.tally.total)
		for i, n := range s.tally.instances {
			instances[s.labels[i]] += n
		}
		s.tally.mu.Unlock()
		sum.add(p)
	}
	for _, name := range slices.Sorted(maps.Keys(instances)) {
		if name != "" {
			sum.Instances = append(sum.Instances, InstanceShare{name, instances[name]})
		}
	}
	sum.P50, sum.P99 = time.Duration(all.ValueAtQuantile(50)), time.Duration(all.ValueAtQuantile(99))
	sum.Responses = within(all, ResponseBounds())
	return sum
}

func (p *Progress) add(q Progress) {
	p.Users += q.Users
	p.InFlight += q.InFlight
	p.Requests += q.Requests
	p.Dropped += q.Dropped
	p.Errors += q.Errors
	p.Sessions += q.Sessions
	p.Switched += q.Switched
	p.Answered += q.Answered
	p.ResponseSum += q.ResponseSum
}

// within counts the values up to each bound.
func within(h *hdrhistogram.Histogram, bounds []time.Duration) []uint64 {
	counts := make([]uint64, len(bounds))
	for _, bar := range h.Distribution() {
		for i, bound := range bounds {
			if time.Duration(bar.To) <= bound {
				counts[i] += uint64(bar.Count)
			}
		}
	}
	return counts
}
