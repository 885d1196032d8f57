package targets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/port"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/backend"
)

// Options say what to start and where its traces go.
type Options struct {
	Experiment *profiles.Experiment
	Dir        *results.Dir
	Self       []string             // argv that runs this program again; children get "serve …" appended
	Watch      func(results.Change) // called with each pool event as it is recorded; may be nil
}

// Deployment is everything that was started for one run.
type Deployment struct {
	o          Options
	record     *recorder
	control    control
	replicas   []*balancer       // of the balancer; at least one once started
	front      *balancer         // before them; nil without one
	socketDirs map[string]string // of each process of a balancer; its guard removes it unless it was killed
	store      startedStore
	watches    sync.WaitGroup

	elsewhere []elsewhere
	pooling   sync.Mutex // one order to the balancer at a time

	mu        sync.Mutex
	instances []*instance // in the order of joining
	ports     []*port.Port
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
	d := &Deployment{o: o, record: &recorder{dir: o.Dir, watch: o.Watch}, control: newControl(), socketDirs: map[string]string{}}
	if o.Experiment.Balancer.URL != "" {
		d.replicas = strangers(o.Experiment.Balancer)
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

// startInstances starts b1 … bN side by side.
func (d *Deployment) startInstances(ctx context.Context) error {
	failed := make([]error, d.o.Experiment.Backends.Count)
	var starting sync.WaitGroup
	for k := range failed {
		i := d.newInstance(profiles.InstanceName(k))
		d.instances = append(d.instances, i)
		starting.Go(func() { failed[k] = d.startFresh(ctx, i, "start") })
	}
	starting.Wait()
	if d.o.Experiment.Store.Use == "replicated" {
		d.introduce(ctx)
		for _, i := range d.instances {
			i.introduce = d.introduce
		}
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

func (d *Deployment) newInstance(name string) *instance {
	e, k := d.o.Experiment, profiles.InstanceNumber(name)
	return &instance{
		options: backend.Options{
			Name: name, Control: anyPort, Ledger: d.o.Dir.ServePath(name), Store: d.storeOptions(k), Session: sessionOf(e.Store),
			Handler: e.Backends.Handler, CPU: e.Backends.CPU, Cores: virtualCores(e.Backends), Seed: e.Seed + uint64(k),
			Drain: e.Scale(e.Backends.Drain), Memory: filepath.Join(d.o.Dir.Path(), "memory-"+name+".json"),
		},
		zone: e.Backends.Zone(k), weight: e.Backends.Weight(k),
		self: d.o.Self, control: d.control, record: d.record, watches: &d.watches, state: results.Down,
	}
}

// startFresh finds the port that the instance keeps for the whole run.
func (d *Deployment) startFresh(ctx context.Context, i *instance, why string) error {
	return d.onFreePort(func(p *port.Port) error {
		i.options.Listen = p.Address
		return i.start(ctx, why, why)
	})
}

// watchProcess notices when the balancer or the store ends by itself.
func (d *Deployment) watchProcess(p *process) {
	<-p.done
	if p.ordered.Load() {
		return
	}
	d.record.process(p.name, results.Up, results.Down, "exited: "+p.why)
	d.record.warn(fmt.Sprintf("%s ended by itself (%s): %s", p.name, p.why, p.stderr))
}

// lead is the replica that stands for all where they are alike.
func (d *Deployment) lead() *balancer { return d.replicas[0] }

// URLs are where the load goes: the front, or each replica of the balancer.
func (d *Deployment) URLs() (urls []string) {
	if d.front != nil {
		return []string{d.front.url}
	}
	for _, b := range d.replicas {
		urls = append(urls, b.url)
	}
	return urls
}

// Describe fills in what was started. Called again at the end, it adds the warnings that came up since.
func (d *Deployment) Describe(run *results.Run) {
	lead := d.lead()
	run.LB, run.LBVersion, run.Mechanism = lead.name, lead.versionOf(run.Version), lead.mechanism
	run.Replicas, run.Front = nil, d.describedFront(run.Version)
	for _, b := range d.replicas {
		if len(d.replicas) > 1 && d.front == nil {
			run.Replicas = append(run.Replicas, results.BalancerReplica{Name: b.replica, URL: b.url})
		}
	}
	run.Store, run.StoreVersion = withoutPassword(d.o.Experiment.Store.Use), d.store.version
	run.Instances = nil
	for _, i := range d.all() {
		if i.options.Listen == "" {
			continue // it never came up
		}
		run.Instances = append(run.Instances, results.Instance{
			Name: i.name(), URL: "http://" + i.options.Listen, Weight: float64(i.weight), Zone: i.zone,
			Cores: cmp.Or(i.options.Cores, min(1, float64(runtime.NumCPU()))), Virtual: i.options.Cores > 0,
		})
	}
	for _, e := range d.elsewhere {
		run.Instances = append(run.Instances, results.Instance{Name: e.name, URL: e.control, Weight: 1})
	}
	said := d.record.said()
	for _, b := range d.balancers() {
		said = append(said, b.notes...)
	}
	said = append(said, d.clash()...)
	for _, text := range said {
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
	d.settleAccess(ctx)
	_, err := each(d.balancers(), func(b *balancer) error { return d.stopProcess(ctx, b.running()) })
	failed := []error{err}
	for _, dir := range d.socketDirs {
		failed = append(failed, os.RemoveAll(dir))
	}
	failed = append(failed, d.keepAccess(), d.stopInstances(ctx), d.stopStore(ctx))
	d.watches.Wait()
	d.control.close()
	return errors.Join(append(failed, d.releasePorts())...)
}

func (d *Deployment) stopProcess(ctx context.Context, p *process) error {
	if p == nil {
		return nil
	}
	p.ordered.Store(true)
	return p.stop(ctx, stopGrace)
}

// patience is how long an instance may take to end in order.
func (d *Deployment) patience() time.Duration {
	return d.o.Experiment.Scale(d.o.Experiment.Backends.Drain) + stopGrace
}

func (d *Deployment) stopInstances(ctx context.Context) error {
	failed := make([]error, len(d.instances))
	var stopping sync.WaitGroup
	for k, i := range d.instances {
		stopping.Go(func() { failed[k] = i.stop(ctx, d.patience()) })
	}
	stopping.Wait()
	return errors.Join(failed...)
}

// Controls gives HOST:PORT of every running instance's control port.
func (d *Deployment) Controls() (addresses []string) {
	for _, i := range d.instances {
		i.mu.Lock()
		if i.process != nil {
			addresses = append(addresses, strings.TrimPrefix(i.orders, "http://"))
		}
		i.mu.Unlock()
	}
	return addresses
}
