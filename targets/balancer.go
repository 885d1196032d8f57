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
	replica       string // how samples and changes call it: "lb", "lb1" of several, or "front"
	name, version string // of the program
	mechanism     results.Mechanism
	notes         []string
	url           string // with http://

	boot   func(ctx context.Context, pool []balancers.Instance) (p *process, orders string, err error)
	drain  func(ctx context.Context, instance string, draining bool) error // nil = it cannot
	apply  func(ctx context.Context, pool []balancers.Instance) error      // makes pool the running balancer's
	point  func(ctx context.Context, instance, address string) error       // sends what is for the instance to that address
	linked func(ctx context.Context, ripe bool) error                      // waits until it hears from the other replicas, and ripe: can hand over to a successor; nil = it never does

	fixed   []balancers.Instance  // the pool of a front, which does not change; nil: the instances
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

// versionOf is the program's; the reference balancer is part of ours.
func (b *balancer) versionOf(ours string) string {
	if b.version == "" && b.name == builtin {
		return ours
	}
	return b.version
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

// post is where one process of a balancer stands.
type post struct {
	experiment *profiles.Experiment // what it has to do
	name       string               // see balancer.replica
	peers      []string             // names of all replicas, its own too
	number     int                  // no other process has it: choices go by seed and number
	listen     string               // HOST:PORT; empty = a free port
	pool       []balancers.Instance // see balancer.fixed
}

// startBalancer starts the replicas of the experiment's balancer, then what stands in front. Users come to the front, or
// to the first replica, on the listen address; everything else is on free ports.
func (d *Deployment) startBalancer(ctx context.Context) error {
	e := behind(d.o.Experiment)
	names := e.Balancer.ReplicaNames()
	for n, name := range names {
		at := post{experiment: e, name: name, peers: names, number: n}
		if n == 0 {
			at.listen = e.Balancer.Listen
		}
		b, err := d.startOne(ctx, at)
		if err != nil {
			return err
		}
		d.replicas = append(d.replicas, b)
	}
	if err := d.startFront(ctx); err != nil {
		return err
	}
	return d.link(ctx)
}

// link waits until the replicas that tell one another what they learn can do so, and a reload finds them as
// it would find a balancer that has been up for a while. One that cannot is the run's to show.
func (d *Deployment) link(ctx context.Context) error {
	ripe := reloads(d.o.Experiment.Events())
	if len(d.replicas) == 1 && !ripe {
		return nil
	}
	_, err := each(d.balancers(), func(b *balancer) error {
		if b.linked == nil {
			return nil
		}
		return b.linked(ctx, ripe)
	})
	if err != nil && ctx.Err() == nil {
		d.record.warn(fmt.Sprintf("replicas do not synchronise: %v", err))
	}
	return ctx.Err()
}

func (d *Deployment) startOne(ctx context.Context, at post) (b *balancer, err error) {
	start := func(p *port.Port) (err error) { b, err = d.startAt(ctx, at, p); return err }
	if at.listen == "" {
		err = d.onFreePort(start)
		return b, err
	}
	p, err := port.Claim(at.listen)
	if err != nil {
		return nil, fmt.Errorf("lb.listen: %s cannot be used (%w); free it or choose another address", at.listen, err)
	}
	err = d.onPort(p, start)
	return b, err
}

func (d *Deployment) startAt(ctx context.Context, at post, p *port.Port) (b *balancer, err error) {
	name, mechanism, _ := strings.Cut(at.experiment.Balancer.Use, ":")
	if name == "exec" {
		p.Close() // a program that does not set SO_REUSEADDR cannot listen beside a reservation
	}
	at.listen = p.Address
	if name == builtin {
		b = d.newBuiltin(at, mechanism)
	} else if b, err = d.newReal(ctx, at); err != nil {
		return nil, err
	}
	b.fixed, b.nowhere = at.pool, map[string]*port.Port{}
	if err := d.bootBalancer(ctx, b); err != nil {
		return nil, err
	}
	return b, nil
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

// balancers are all that were started, as requests reach them.
func (d *Deployment) balancers() []*balancer {
	if d.front == nil {
		return d.replicas
	}
	return append([]*balancer{d.front}, d.replicas...)
}

// onReplicas is each over the replicas.
func (d *Deployment) onReplicas(do func(*balancer) error) (did []*balancer, err error) {
	return each(d.replicas, do)
}

// each does something to all of them at once; with the first error it gives those that did it.
func each(all []*balancer, do func(*balancer) error) (did []*balancer, err error) {
	failed := make([]error, len(all))
	var doing sync.WaitGroup
	for n, b := range all {
		doing.Go(func() { failed[n] = do(b) })
	}
	doing.Wait()
	for n, b := range all {
		if failed[n] == nil {
			did = append(did, b)
		}
	}
	return did, first(failed)
}

// isBalancer says whether the name is the balancer's, a replica's or the front's.
func (d *Deployment) isBalancer(name string) bool {
	return name == profiles.TheBalancer || slices.ContainsFunc(d.balancers(), func(b *balancer) bool { return b.replica == name })
}

// playBalancer plays a step on the process that it names, or on every replica; no pool changes meanwhile.
func (d *Deployment) playBalancer(ctx context.Context, e profiles.Event) error {
	d.pooling.Lock()
	defer d.pooling.Unlock()
	_, err := each(d.balancers(), func(b *balancer) error {
		if e.Target != b.replica && (e.Target != profiles.TheBalancer || b == d.front) {
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
