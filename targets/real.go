package targets

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/targets/balancers"
)

// newReal configures a row of the table; it runs under a guard.
func (d *Deployment) newReal(ctx context.Context, listen string) (*balancer, error) {
	row, mechanism, err := balancers.Lookup(d.o.Experiment.Balancer.Use)
	if err != nil {
		return nil, err
	}
	params, err := d.params(row, listen)
	if err != nil {
		return nil, err
	}
	b := &balancer{name: row.Name, mechanism: row.Promise(mechanism, params), notes: mechanism.Notes, url: "http://" + listen, socketDir: filepath.Dir(params.Socket)}
	if mechanism.DrainNote != "" && drains(d.o.Experiment.Events()) {
		b.notes = append(b.notes, mechanism.DrainNote)
	}
	b.boot = func(ctx context.Context, pool []balancers.Instance) (*process, string, error) {
		p, err := b.launch(ctx, row, mechanism, with(params, pool), d.o.Self)
		return p, "", err
	}
	b.drain = func(ctx context.Context, instance string, draining bool) error {
		return row.Drain(ctx, params, instance, draining)
	}
	b.apply = func(_ context.Context, pool []balancers.Instance) error {
		return b.applyReal(row, mechanism, with(params, pool))
	}
	b.version, err = row.Version(ctx)
	return b, err
}

// with is p for that pool.
func with(p balancers.Params, pool []balancers.Instance) balancers.Params {
	p.Instances = pool
	return p
}

func (b *balancer) launch(ctx context.Context, row balancers.Row, m balancers.Mechanism, p balancers.Params, self []string) (*process, error) {
	argv, err := row.Prepare(m, p)
	if err != nil {
		return nil, err
	}
	guarded := append([]string{"serve", "guard", "--"}, argv...)
	guard, err := launch(balancerName, self, guarded...)
	if err != nil {
		return nil, err
	}
	guard.guard = true
	if err := guard.answers(ctx, b.url, p.Via); err != nil {
		_ = guard.stop(ctx, stopGrace) // the first error says more
		return nil, fmt.Errorf("starting %s: %w", b.name, err)
	}
	return guard, nil
}

// probeEvery is the pace of the readiness probe.
const probeEvery = 10 * time.Millisecond

// answers waits until the balancer answers HTTP. It asks for the health path, which leaves no
// session behind. Via is how the balancer learns clients' addresses.
func (p *process) answers(ctx context.Context, url, via string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	probe := newProbe(via)
	defer probe.close()
	for {
		reached := probe.reach(ctx, url+"/healthz")
		select {
		case <-p.done:
			return p.exited()
		default:
		}
		if reached == nil {
			return nil
		}
		if clock.Sleep(ctx, probeEvery) != nil {
			return fmt.Errorf("no HTTP answer from %s after %v; its last words: %s", url, readyTimeout, p.stderr)
		}
	}
}
