package targets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/targets/balancers"
)

// newReal configures a row of the table; it runs under a guard.
func (d *Deployment) newReal(ctx context.Context, at post) (*balancer, error) {
	row, mechanism, err := balancers.Lookup(at.experiment.Balancer.Use)
	if err != nil {
		return nil, err
	}
	params, err := d.params(row, at)
	if err != nil {
		return nil, err
	}
	b := &balancer{replica: params.Name, name: row.Name, mechanism: row.Promise(mechanism, params), notes: slices.Concat(mechanism.Notes, row.LogNotes(params)), url: "http://" + at.listen}
	if mechanism.DrainNote != "" && drains(at.experiment.Events()) {
		b.notes = append(b.notes, mechanism.DrainNote)
	}
	live := balancers.Running{Row: row, Mechanism: mechanism, Params: params}
	b.boot = func(ctx context.Context, pool []balancers.Instance) (*process, string, error) {
		live.Params.Instances = pool
		p, err := b.launch(ctx, live, d.o.Self)
		return p, "", err
	}
	if row.CanDrain() {
		b.drain = func(ctx context.Context, instance string, draining bool) (err error) {
			live, err = live.Drain(ctx, instance, draining)
			return err
		}
	}
	b.apply = func(ctx context.Context, pool []balancers.Instance) (err error) {
		live, err = live.Pool(ctx, stillDraining(pool, live.Params.Instances))
		return err
	}
	b.point = func(ctx context.Context, instance, address string) (err error) {
		live, err = live.Point(ctx, instance, address)
		return err
	}
	b.linked = func(ctx context.Context, ripe bool) error { return live.Linked(ctx, ripe) }
	if b.version, err = row.Version(ctx); err != nil {
		return nil, err
	}
	return b, errors.Join(row.Supports(mechanism, b.version), row.Learns(params, b.version))
}

// stillDraining is pool with the orders that its members had before.
func stillDraining(pool, before []balancers.Instance) []balancers.Instance {
	for i := range pool {
		pool[i].Draining = slices.ContainsFunc(before, func(b balancers.Instance) bool { return b.Name == pool[i].Name && b.Draining })
	}
	return pool
}

func (b *balancer) launch(ctx context.Context, live balancers.Running, self []string) (*process, error) {
	argv, err := live.Row.Prepare(live.Mechanism, live.Params)
	if err != nil {
		return nil, err
	}
	sockets := filepath.Dir(live.Params.Socket)
	if err := os.MkdirAll(sockets, 0o700); err != nil { // the guard of a process before has removed it
		return nil, err
	}
	guarded := []string{"serve", "guard", "--scratch", sockets}
	if path := live.Row.Stdout(live.Params); path != "" {
		guarded = append(guarded, "--stdout", path)
	}
	guard, err := launch(b.replica, self, append(append(guarded, "--"), argv...)...)
	if err != nil {
		return nil, err
	}
	guard.guard = true
	if err := guard.answers(ctx, b.url, live.Params.Via); err != nil {
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
