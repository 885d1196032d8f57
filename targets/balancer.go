package targets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/stickybench/stickybench/internal/port"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
)

// balancer is the load balancer, whichever it is, over all its boots: the address stays, the process
// changes.
type balancer struct {
	name, version string
	mechanism     results.Mechanism
	notes         []string
	url           string // with http://
	socketDir     string // removed at the end

	boot  func(ctx context.Context, pool []balancers.Instance) (p *process, orders string, err error)
	drain func(ctx context.Context, instance string, draining bool) error // nil = it cannot
	apply func(ctx context.Context, pool []balancers.Instance) error      // makes pool the running balancer's

	mu      sync.Mutex
	process *process // nil when it is down, or was not started by us
	orders  string   // URL of the control port; ours only
}

// balancerName is how samples and changes call the balancer.
const balancerName = profiles.TheBalancer

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

// startBalancer starts the experiment's balancer on its listen address or a free port.
func (d *Deployment) startBalancer(ctx context.Context) error {
	listen := d.o.Experiment.Balancer.Listen
	if listen == "" {
		return d.onFreePort(func(p *port.Port) error { return d.startBalancerOn(ctx, p) })
	}
	p, err := port.Claim(listen)
	if err != nil {
		return fmt.Errorf("lb.listen: %s cannot be used (%w); free it or choose another address", listen, err)
	}
	return d.onPort(p, func(p *port.Port) error { return d.startBalancerOn(ctx, p) })
}

func (d *Deployment) startBalancerOn(ctx context.Context, p *port.Port) (err error) {
	name, mechanism, _ := strings.Cut(d.o.Experiment.Balancer.Use, ":")
	if name == "exec" {
		p.Close() // a program that does not set SO_REUSEADDR cannot listen beside a reservation
	}
	var b *balancer
	if name == builtin {
		b = d.newBuiltin(mechanism, p.Address)
	} else if b, err = d.newReal(ctx, p.Address); err != nil {
		return err
	}
	if err := d.bootBalancer(ctx, b); err != nil {
		os.RemoveAll(b.socketDir)
		return err
	}
	d.balancer = b
	return nil
}

func (d *Deployment) bootBalancer(ctx context.Context, b *balancer) error {
	p, orders, err := b.boot(ctx, d.upstreams())
	if err != nil {
		return err
	}
	b.attach(p, orders)
	d.watches.Go(func() { d.watchProcess(p) })
	return nil
}

// playBalancer plays a step on the balancer itself; its pool does not change meanwhile.
func (d *Deployment) playBalancer(ctx context.Context, e profiles.Event) error {
	d.pooling.Lock()
	defer d.pooling.Unlock()
	switch e.Action {
	case "start":
		return d.restartBalancer(ctx)
	case "reload":
		d.record.process(balancerName, results.Up, results.Up, why(e))
		return d.balancer.apply(ctx, d.upstreams())
	case "kill":
		return d.endBalancer(e, func(p *process) error { p.kill(); return p.gone(ctx) })
	default:
		return d.endBalancer(e, func(p *process) error { return p.stop(ctx, stopGrace) })
	}
}

func (d *Deployment) restartBalancer(ctx context.Context) error {
	if d.balancer.running() != nil {
		return errors.New("it is running already")
	}
	if err := d.bootBalancer(ctx, d.balancer); err != nil {
		return err
	}
	d.record.process(balancerName, results.Down, results.Up, "recovered")
	return nil
}

func (d *Deployment) endBalancer(e profiles.Event, end func(*process) error) error {
	p := d.balancer.attach(nil, "")
	if p == nil {
		return errNotRunning
	}
	p.ordered.Store(true)
	d.record.process(balancerName, results.Up, results.Down, why(e))
	return end(p)
}
