package targets

import (
	"context"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// sampleEvery is the pace of the counters.
const sampleEvery = time.Second

// sampleUntil samples every second and exactly at the edges of the measured window: utilisation
// is the difference of two counters over the wall time between them.
func (d *Deployment) sampleUntil(ctx context.Context, start clock.Time) {
	e := d.o.Experiment
	edges := []clock.Time{start, start.Add(time.Duration(e.Warmup)), start.Add(time.Duration(e.Duration))}
	for next := start; ; next = following(next, start, edges) {
		if clock.SleepUntil(ctx, next) != nil {
			break
		}
		d.sample(ctx)
	}
	d.sample(context.WithoutCancel(ctx))
}

// following is the first whole second or edge after t.
func following(t, start clock.Time, edges []clock.Time) clock.Time {
	next := start.Add((t.Sub(start)/sampleEvery + 1) * sampleEvery)
	for _, edge := range edges {
		if edge > t {
			next = min(next, edge)
		}
	}
	return next
}

// sample reads the counters of every process and of the host.
func (d *Deployment) sample(ctx context.Context) {
	for _, i := range d.all() {
		i.sample(ctx)
	}
	others := []*process{d.store.process}
	for _, b := range d.balancers() {
		others = append(others, b.running())
	}
	for _, p := range others {
		if p != nil {
			d.record.sample(p.counters())
		}
	}
	d.record.sample(results.Sample{Time: clock.Now(), Process: "host", Steal: steal()})
}

// counters are those of the process, or of what it guards.
func (p *process) counters() results.Sample {
	s := results.Sample{Time: clock.Now(), Process: p.name, PID: p.pid()}
	pids := []int{p.pid()}
	if p.guard {
		pids = descendants(p.pid())
	}
	measure(&s, pids...)
	return s
}
