package targets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/backend"
)

// Options say what to start and where its traces go.
type Options struct {
	Experiment *profiles.Experiment
	Dir        *results.Dir
	Self       []string // argv that runs this program again; children get "serve …" appended
}

// Deployment is everything that was started for one run.
type Deployment struct {
	o         Options
	record    *recorder
	control   control
	instances []*instance
	balancer  balancer
	store     *process // nil unless embedded
	storeURL  string
	ports     []string // must be free afterwards
	elsewhere []elsewhere
	watches   sync.WaitGroup
}

const (
	// anyPort lets the child choose; only for ports that need not survive a restart.
	anyPort   = "127.0.0.1:0"
	stopGrace = 5 * time.Second
	storeName = "store"
)

// Start starts the store, the instances and the balancer of the experiment; with lb.url set, none
// of them. What cannot be started wraps ErrUnavailable, and nothing is left running then.
func Start(ctx context.Context, o Options) (*Deployment, error) {
	if err := Check(o.Experiment); err != nil {
		return nil, err
	}
	d := &Deployment{o: o, record: &recorder{dir: o.Dir}, control: newControl()}
	if o.Experiment.Balancer.URL != "" {
		d.balancer = balancer{name: "url", mechanism: results.Mechanism{Name: "unknown", Family: results.Unknown, Key: "unknown", Disruption: "unknown"}, url: o.Experiment.Balancer.URL}
		if err := d.meet(ctx); err != nil {
			return nil, err
		}
		return d, nil
	}
	for _, step := range []func(context.Context) error{d.startStore, d.startInstances, d.startBalancer} {
		if err := step(ctx); err != nil {
			return nil, unavailable{errors.Join(err, d.Stop(context.WithoutCancel(ctx)))}
		}
	}
	return d, nil
}

// startStore starts the embedded store, or takes the URL of a running one.
func (d *Deployment) startStore(ctx context.Context) error {
	switch use := d.o.Experiment.Store.Use; use {
	case "", "memory":
		return nil
	case "embedded":
		p, ready, err := role(ctx, storeName, d.o.Self, "store", map[string]string{"listen": anyPort})
		if err != nil {
			return err
		}
		_, address, found := strings.Cut(ready.Traffic, "://")
		if !found {
			address = ready.Traffic
		}
		d.store, d.storeURL = p, "redis://"+address
		d.ports = append(d.ports, address)
		d.watches.Go(func() { d.watchProcess(p) })
		return nil
	default:
		d.storeURL = use
		return reachable(ctx, use)
	}
}

// startInstances starts b1 … bN side by side.
func (d *Deployment) startInstances(ctx context.Context) error {
	n := d.o.Experiment.Backends.Count
	d.instances = make([]*instance, n)
	failed := make([]error, n)
	var starting sync.WaitGroup
	for k := range n {
		d.instances[k] = d.newInstance(k)
		starting.Go(func() { failed[k] = d.instances[k].startFresh(ctx) })
	}
	starting.Wait()
	for _, i := range d.instances {
		d.ports = append(d.ports, i.options.Listen)
	}
	return first(failed)
}

// first is the first error: instances that fail alike need one line.
func first(failed []error) error {
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Deployment) newInstance(k int) *instance {
	e := d.o.Experiment
	name := instanceName(k)
	return &instance{
		options: backend.Options{
			Name: name, Control: anyPort, Ledger: d.o.Dir.ServePath(name), StoreURL: d.storeURL,
			Handler: e.Backends.Handler, CPU: e.Backends.CPU, Seed: e.Seed + uint64(k),
			Drain: e.Scale(e.Backends.Drain), StoreTTL: e.Scale(e.Store.TTL),
		},
		self: d.o.Self, control: d.control, record: d.record, watches: &d.watches, state: results.Down,
	}
}

// startFresh finds the port that the instance keeps for the whole run.
func (i *instance) startFresh(ctx context.Context) error {
	return onFreePort(func(address string) error {
		i.options.Listen = address
		return i.start(ctx, "start", "start")
	})
}

// watchProcess notices when the balancer or the store ends by itself.
func (d *Deployment) watchProcess(p *process) {
	<-p.done
	if p.ordered.Load() {
		return
	}
	d.record.change(results.Change{Time: clock.Now(), Instance: p.name, From: results.Up, To: results.Down, Why: "exited: " + p.why})
	d.record.warn(fmt.Sprintf("%s ended by itself (%s): %s", p.name, p.why, p.stderr))
}

// URL is where the load goes.
func (d *Deployment) URL() string { return d.balancer.url }

// Describe fills in what was started. Called again at the end, it adds the warnings that came up since.
func (d *Deployment) Describe(run *results.Run) {
	run.LB, run.LBVersion = d.balancer.name, d.balancer.version
	if run.LBVersion == "" && d.balancer.name == builtin {
		run.LBVersion = run.Version
	}
	run.Mechanism = d.balancer.mechanism
	run.Store = withoutPassword(d.o.Experiment.Store.Use)
	run.Instances = nil
	for _, i := range d.instances {
		run.Instances = append(run.Instances, results.Instance{
			Name: i.name(), URL: "http://" + i.options.Listen, Weight: 1, Cores: min(1, float64(runtime.NumCPU())),
		})
	}
	for _, e := range d.elsewhere {
		run.Instances = append(run.Instances, results.Instance{Name: e.name, URL: e.control, Weight: 1})
	}
	for _, text := range append(d.record.said(), d.balancer.notes...) {
		if !slices.Contains(run.Warnings, text) {
			run.Warnings = append(run.Warnings, text)
		}
	}
}

// Play plays the faults and samples the counters until ctx is done.
func (d *Deployment) Play(ctx context.Context, start clock.Time) error {
	var faults sync.WaitGroup
	faults.Go(func() { d.playFaults(ctx, start) })
	d.sampleUntil(ctx, start)
	faults.Wait()
	d.fetchLedgers(context.WithoutCancel(ctx))
	return d.record.err()
}

// Stop ends the balancer, then the instances, then the store; it waits for every process and
// checks that every port is free again.
func (d *Deployment) Stop(ctx context.Context) error {
	failed := []error{d.stopProcess(ctx, d.balancer.process)}
	if d.balancer.socketDir != "" {
		failed = append(failed, os.RemoveAll(d.balancer.socketDir))
	}
	failed = append(failed, d.stopInstances(ctx), d.stopProcess(ctx, d.store))
	d.watches.Wait()
	d.control.close()
	for _, address := range d.ports {
		if err := portFree(address); err != nil {
			failed = append(failed, fmt.Errorf("after the run, port %s is still taken: %w", address, err))
		}
	}
	d.ports = nil
	return errors.Join(failed...)
}

func (d *Deployment) stopProcess(ctx context.Context, p *process) error {
	if p == nil {
		return nil
	}
	p.ordered.Store(true)
	return p.stop(ctx, stopGrace)
}

func (d *Deployment) stopInstances(ctx context.Context) error {
	grace := d.o.Experiment.Scale(d.o.Experiment.Backends.Drain) + stopGrace
	failed := make([]error, len(d.instances))
	var stopping sync.WaitGroup
	for k, i := range d.instances {
		stopping.Go(func() { failed[k] = i.stop(ctx, grace) })
	}
	stopping.Wait()
	return errors.Join(failed...)
}
