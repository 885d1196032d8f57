package targets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/stickybench/stickybench/internal/port"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
)

// balancer is one replica of the load balancer, whichever it is, over all its boots: the address stays,
// the process changes.
type balancer struct {
	replica       string // how samples and changes call it: "lb", or "lb1" of several
	name, version string // of the program
	mechanism     results.Mechanism
	notes         []string
	url           string // with http://

	boot   func(ctx context.Context, pool []balancers.Instance) (p *process, orders string, err error)
	drain  func(ctx context.Context, instance string, draining bool) error // nil = it cannot
	apply  func(ctx context.Context, pool []balancers.Instance) error      // makes pool the running balancer's
	point  func(ctx context.Context, instance, address string) error       // sends what is for the instance to that address
	linked func(ctx context.Context, ripe bool) error                      // waits until it hears from the other replicas, and ripe: can hand over to a successor; nil = it never does

	nowhere map[string]*port.Port // by instance that it is blind to: where it looks for it; under Deployment.pooling

	mu      sync.Mutex
	process *process // nil when it is down, or was not started by us
	orders  string   // URL of the control port; ours only
}

func (b *balancer) running() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.process
}

func (b *balancer) endpoint() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.orders
}

// attach gives the present process, nil for none, and returns the one before.
func (b *balancer) attach(p *process, orders string) (before *process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, b.process, b.orders = b.process, p, orders
	return before
}

// startBalancer starts the replicas of the experiment's balancer: the first on its listen address, the
// others, or all, on free ports.
func (d *Deployment) startBalancer(ctx context.Context) error {
	for n := range d.o.Experiment.Balancer.Count() {
		if err := d.startReplica(ctx, n); err != nil {
			return err
		}
	}
	return d.link(ctx)
}

// link waits until the replicas that tell one another what they learn can do so, and a reload finds them as
// it would find a balancer that has been up for a while. One that cannot is the run's to show.
func (d *Deployment) link(ctx context.Context) error {
	ripe := reloads(d.o.Experiment.Events())
	if len(d.replicas) == 1 && !ripe || d.front().linked == nil {
		return nil
	}
	_, err := d.onReplicas(func(b *balancer) error { return b.linked(ctx, ripe) })
	if err != nil && ctx.Err() == nil {
		d.record.warn(fmt.Sprintf("replicas do not synchronise: %v", err))
	}
	return ctx.Err()
}

func (d *Deployment) startReplica(ctx context.Context, n int) error {
	start := func(p *port.Port) error { return d.startReplicaOn(ctx, n, p) }
	listen := d.o.Experiment.Balancer.Listen
	if listen == "" || n > 0 {
		return d.onFreePort(start)
	}
	p, err := port.Claim(listen)
	if err != nil {
		return fmt.Errorf("lb.listen: %s cannot be used (%w); free it or choose another address", listen, err)
	}
	return d.onPort(p, start)
}

func (d *Deployment) startReplicaOn(ctx context.Context, n int, p *port.Port) (err error) {
	name, mechanism, _ := strings.Cut(d.o.Experiment.Balancer.Use, ":")
	if name == "exec" {
		p.Close() // a program that does not set SO_REUSEADDR cannot listen beside a reservation
	}
	var b *balancer
	if name == builtin {
		b = d.newBuiltin(n, mechanism, p.Address)
	} else if b, err = d.newReal(ctx, n, p.Address); err != nil {
		return err
	}
	b.nowhere = map[string]*port.Port{}
	if err := d.bootBalancer(ctx, b); err != nil {
		return err
	}
	d.replicas = append(d.replicas, b)
	return nil
}

func (d *Deployment) bootBalancer(ctx context.Context, b *balancer) error {
	p, orders, err := b.boot(ctx, d.seen(b))
	if err != nil {
		return err
	}
	b.attach(p, orders)
	d.watches.Go(func() { d.watchProcess(p) })
	return nil
}

// onReplicas does something to all replicas at once; with the first error it gives those that did it.
func (d *Deployment) onReplicas(do func(*balancer) error) (did []*balancer, err error) {
	failed := make([]error, len(d.replicas))
	var doing sync.WaitGroup
	for n, b := range d.replicas {
		doing.Go(func() { failed[n] = do(b) })
	}
	doing.Wait()
	for n, b := range d.replicas {
		if failed[n] == nil {
			did = append(did, b)
		}
	}
	return did, first(failed)
}

// fronts says whether the name is the balancer's or a replica's.
func (d *Deployment) fronts(name string) bool {
	return name == profiles.TheBalancer || slices.ContainsFunc(d.replicas, func(b *balancer) bool { return b.replica == name })
}

// playBalancer plays a step on the replica that it names, or on every one; the pool does not change meanwhile.
func (d *Deployment) playBalancer(ctx context.Context, e profiles.Event) error {
	d.pooling.Lock()
	defer d.pooling.Unlock()
	_, err := d.onReplicas(func(b *balancer) error {
		if e.Target != profiles.TheBalancer && e.Target != b.replica {
			return nil
		}
		err := d.playReplica(ctx, b, e)
		if err != nil && e.Target != b.replica {
			err = fmt.Errorf("%s: %w", b.replica, err)
		}
		return err
	})
	return err
}

func (d *Deployment) playReplica(ctx context.Context, b *balancer, e profiles.Event) error {
	switch e.Action {
	case "start":
		return d.restartBalancer(ctx, b)
	case "reload":
		if b.running() == nil {
			return errNotRunning
		}
		d.record.process(b.replica, results.Up, results.Up, why(e))
		return b.apply(ctx, d.seen(b))
	case "kill":
		return d.endBalancer(b, e, func(p *process) error { p.kill(); return p.gone(ctx) })
	default:
		return d.endBalancer(b, e, func(p *process) error { return p.stop(ctx, stopGrace) })
	}
}

func (d *Deployment) restartBalancer(ctx context.Context, b *balancer) error {
	if b.running() != nil {
		return errors.New("it is running already")
	}
	if err := d.bootBalancer(ctx, b); err != nil {
		return err
	}
	d.record.process(b.replica, results.Down, results.Up, "recovered")
	return nil
}

func (d *Deployment) endBalancer(b *balancer, e profiles.Event, end func(*process) error) error {
	p := b.attach(nil, "")
	if p == nil {
		return errNotRunning
	}
	p.ordered.Store(true)
	d.record.process(b.replica, results.Up, results.Down, why(e))
	return end(p)
}
