package targets

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
)

// balancer is the running load balancer, whichever it is.
type balancer struct {
	name, version string
	mechanism     results.Mechanism
	notes         []string
	url           string   // with http://
	process       *process // nil when it was already running
	drain         func(ctx context.Context, instance string, draining bool) error
	socketDir     string // removed at the end

	// running is what a real balancer runs; faults, which change it, are played one by one.
	running balancers.Running
}

// balancerName is how samples and changes call the balancer.
const balancerName = "lb"

// startBalancer starts the experiment's balancer on its listen address or a free port.
func (d *Deployment) startBalancer(ctx context.Context) error {
	listen := d.o.Experiment.Balancer.Listen
	if listen == "" {
		return onFreePort(func(address string) error { return d.startBalancerOn(ctx, address) })
	}
	if err := portFree(listen); err != nil {
		return fmt.Errorf("lb.listen: %s cannot be used (%w); free it or choose another address", listen, errors.Unwrap(err))
	}
	return d.startBalancerOn(ctx, listen)
}

func (d *Deployment) startBalancerOn(ctx context.Context, listen string) (err error) {
	if name, mechanism, _ := strings.Cut(d.o.Experiment.Balancer.Use, ":"); name == builtin {
		d.balancer, err = d.startBuiltin(ctx, mechanism, listen)
	} else {
		d.balancer, err = d.startReal(ctx, listen)
	}
	if err != nil {
		return err
	}
	d.ports = append(d.ports, listen)
	d.watches.Go(func() { d.watchProcess(d.balancer.process) })
	return nil
}

// startBuiltin starts the reference balancer.
func (d *Deployment) startBuiltin(ctx context.Context, mechanism, listen string) (balancer, error) {
	o := builtinOptions(d.o.Experiment, builtinMechanism(mechanism), listen, d.upstreams())
	p, ready, err := role(ctx, balancerName, d.o.Self, "lb", o)
	if err != nil {
		return balancer{}, err
	}
	b := balancer{name: builtin, url: ready.Traffic, process: p}
	b.mechanism = builtinPromise(o)
	b.drain = func(ctx context.Context, instance string, draining bool) error {
		order := "/undrain"
		if draining {
			order = "/drain"
		}
		return d.control.order(ctx, http.MethodPost, ready.Control+order+"?instance="+instance)
	}
	return b, nil
}

// startReal starts a row of the table under a guard.
func (d *Deployment) startReal(ctx context.Context, listen string) (balancer, error) {
	row, mechanism, err := balancers.Lookup(d.o.Experiment.Balancer.Use)
	if err != nil {
		return balancer{}, err
	}
	params, err := d.params(row, listen)
	if err != nil {
		return balancer{}, err
	}
	b := balancer{name: row.Name, mechanism: row.Promise(mechanism, params), notes: mechanism.Notes, url: "http://" + listen, socketDir: filepath.Dir(params.Socket)}
	b.running = balancers.Running{Row: row, Mechanism: mechanism, Params: params}
	if mechanism.DrainNote != "" && drains(d.o.Experiment.Faults) {
		b.notes = append(b.notes, mechanism.DrainNote)
	}
	b.drain = d.drainReal
	if err := b.launch(ctx, d.o.Self); err != nil {
		os.RemoveAll(b.socketDir)
		return balancer{}, err
	}
	return b, nil
}

// drainReal drains in a row of the table, which remembers it.
func (d *Deployment) drainReal(ctx context.Context, instance string, draining bool) (err error) {
	d.balancer.running, err = d.balancer.running.Drain(ctx, instance, draining)
	return err
}

func (b *balancer) launch(ctx context.Context, self []string) (err error) {
	if b.version, err = b.running.Row.Version(ctx); err != nil {
		return err
	}
	if err := b.running.Row.Supports(b.running.Mechanism, b.version); err != nil {
		return err
	}
	argv, err := b.running.Row.Prepare(b.running.Mechanism, b.running.Params)
	if err != nil {
		return err
	}
	guarded := append([]string{"serve", "guard", "--"}, argv...)
	if b.process, err = launch(balancerName, self, guarded...); err != nil {
		return err
	}
	b.process.guard = true
	if err := b.process.answers(ctx, b.url); err != nil {
		_ = b.process.stop(ctx, stopGrace) // the first error says more
		return fmt.Errorf("starting %s: %w", b.name, err)
	}
	return nil
}

// probeEvery is the pace of the readiness probe.
const probeEvery = 10 * time.Millisecond

// answers waits until the balancer answers HTTP. It asks for the health path, which leaves no
// session behind.
func (p *process) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	probe := newControl()
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
