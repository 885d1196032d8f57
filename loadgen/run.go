package loadgen

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"sync"
	"time"

	hdrhistogram "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// Run plays the plan until everything is done, the second deadline passes or ctx is done, which
// is no error. The log is flushed when it returns; closing it is the caller's.
func Run(ctx context.Context, o Options) (Summary, error) {
	engines, err := locate(ctx, o.Experiment, o.URLs)
	if err != nil {
		return Summary{}, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	before, paused := cpuTime(), gcPauses()
	shards := o.shards(engines)
	var playing, watching sync.WaitGroup
	var mu sync.Mutex
	var first error
	for _, s := range shards {
		playing.Go(func() {
			if err := s.run(ctx, engines); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if first == nil {
					first = err
				}
				stop(err)
			}
		})
	}
	watch, unwatch := context.WithCancel(context.Background())
	watching.Go(func() { o.watch(watch, shards) })
	playing.Wait()
	unwatch()
	watching.Wait()
	sum := summarize(shards, cpuTime()-before)
	sum.GCPauses, sum.GCLongest = gcPauses().since(paused)
	return sum, first
}

// locate is what every engine of the run is told of the replicas of one target.
func locate(ctx context.Context, exp *profiles.Experiment, replicas []string) (settings, error) {
	var targets []*url.URL
	for _, address := range replicas {
		target, err := url.Parse(address)
		if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
			return settings{}, fmt.Errorf("url %q: want http://HOST[:PORT][/PATH]", address)
		}
		targets = append(targets, target)
	}
	s, err := newSettings(targets[0], exp)
	if err != nil {
		return s, err
	}
	s.others = targets[1:]
	return s, s.locate(ctx)
}

func (o Options) shards(engines settings) []*shard {
	target, told := engines.target, tells(o.Experiment.Load.ClientAddress, engines.addresses)
	local, parts := max(1, o.Experiment.Load.Shards), max(1, o.Parts)
	list := make([]*shard, local)
	for i := range list {
		list[i] = newShard(o, o.Part*local+i, parts*local)
		list[i].jars, list[i].told = newJars(site{host: target.Hostname(), path: cmp.Or(target.Path, "/"), secure: target.Scheme == "https"}), told
		list[i].replicas, list[i].log = uint8(len(engines.addresses)), o.Log.Buffer()
	}
	return list
}

func newShard(o Options, i, n int) *shard {
	s := &shard{plan: o.Plan, exp: o.Experiment, i: i, n: n, start: o.Start, arrivals: o.Plan.Arrivals(), mishaps: mishaps(o.Experiment),
		end:   o.Start.Add(time.Duration(o.Experiment.Duration)),
		names: map[string]uint16{"": 0}, labels: []string{""}, lag: histogram()}
	s.tally.total = histogram()
	return s
}

// run builds the engine on the goroutine that will wait in it.
func (s *shard) run(ctx context.Context, engine settings) error {
	started, err := newEngine(engine)
	if err != nil {
		return err
	}
	s.engine = started
	return s.play(ctx)
}

func summarize(shards []*shard, cpu time.Duration) Summary {
	sum := Summary{Generator: results.Generator{Shards: len(shards), CPU: cpu}, End: clock.Now()}
	lag := histogram()
	var merged []*hdrhistogram.Histogram
	var unconnected, malformed trouble
	for _, s := range shards {
		t := &s.tally
		sum.Offered += t.offered
		sum.Sent += t.sent
		sum.Dropped += t.dropped
		sum.DroppedCookies += t.refused
		sum.InFlight += s.flying.area
		sum.Service += t.service
		held, longest := s.log.Held()
		sum.RecordingHeld, sum.RecordingLongest = sum.RecordingHeld+held, max(sum.RecordingLongest, longest)
		unconnected.add(t.unconnected.count, t.unconnected.first)
		malformed.add(t.malformed.count, t.malformed.first)
		lag.Merge(s.lag)
		for i, h := range s.slices {
			if i == len(merged) {
				merged = append(merged, histogram())
			}
			merged[i].Merge(h)
		}
	}
	sum.LagP50, sum.LagP99 = time.Duration(lag.ValueAtQuantile(50)), time.Duration(lag.ValueAtQuantile(99))
	for i, h := range merged {
		width := shards[0].width()
		sum.Intervals = append(sum.Intervals, results.Interval{Start: shards[0].start.Add(time.Duration(i) * width), Length: width, Histogram: h})
	}
	if sum.DroppedCookies > 0 {
		sum.Warnings = append(sum.Warnings, fmt.Sprintf("%d Set-Cookie fields were refused: malformed, another Domain, or Secure over http", sum.DroppedCookies))
	}
	sum.Warnings = append(sum.Warnings, unconnected.warn("could not connect")...)
	sum.Warnings = append(sum.Warnings, malformed.warn("got an answer that is not HTTP as it should be")...)
	return sum
}
