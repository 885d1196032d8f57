package targets

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/backend"
)

// errNotRunning answers a fault that needs a process.
var errNotRunning = errors.New("it is not running")

// instance is one mock backend over all its boots: the port and the ledger stay, the process changes.
type instance struct {
	options backend.Options
	zone    string
	weight  int // at the balancer
	self    []string
	control control
	record  *recorder
	watches *sync.WaitGroup
	// introduce tells the peers of a replicated store where the instance is now; nil without one.
	introduce func(context.Context)

	mu       sync.Mutex
	state    results.State // as last recorded
	process  *process      // nil while it is down
	orders   string        // URL of the control port
	removed  bool          // not in the balancer's pool
	draining bool
	ailing   map[string]bool // the ailments it has, by name
}

func (i *instance) name() string { return i.options.Name }

// start boots the process and waits until it serves.
func (i *instance) start(ctx context.Context, starting, up string) error {
	i.become(results.Change{To: results.Starting, Why: starting})
	p, ready, err := role(ctx, i.name(), i.self, "backend", i.options)
	if err != nil {
		i.become(results.Change{To: results.Down, Why: "not started"})
		return err
	}
	i.mu.Lock()
	i.process, i.orders = p, ready.Control
	i.mu.Unlock()
	if i.introduce != nil {
		i.introduce(ctx)
	}
	i.sample(ctx)
	i.settle(up)
	i.watches.Go(func() { i.watch(p) })
	return nil
}

// watch notices a death that nobody ordered.
func (i *instance) watch(p *process) {
	<-p.done
	i.mu.Lock()
	unexpected := i.process == p
	if unexpected {
		i.process = nil
	}
	i.mu.Unlock()
	if unexpected {
		i.fall(results.Change{Why: "exited: " + p.why})
		i.record.warn(fmt.Sprintf("instance %s ended by itself (%s)", i.name(), p.why))
	}
}

// detach takes the process away from the watch; nil when there is none.
func (i *instance) detach() *process {
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.process
	i.process = nil
	return p
}

// become records a transition at the present moment; c says where to and why.
func (i *instance) become(c results.Change) {
	i.mu.Lock()
	c.Time, c.Instance, c.From = clock.Now(), i.name(), i.state
	i.state = c.To
	i.mu.Unlock()
	i.record.change(c)
}

// settle records the state that follows from all that is true of the running instance.
func (i *instance) settle(why string) { i.become(results.Change{To: i.present(), Why: why}) }

// fall records the end of the process; what it suffered from ended with it.
func (i *instance) fall(c results.Change) {
	i.mu.Lock()
	i.ailing = nil
	c.To = results.Down
	if i.removed {
		c.To = results.Removed
	}
	i.mu.Unlock()
	i.become(c)
}

func (i *instance) present() results.State {
	i.mu.Lock()
	defer i.mu.Unlock()
	table := ailments()
	for name := range i.ailing {
		if table[name].failing && !i.removed {
			return results.Failing
		}
	}
	switch {
	case i.removed:
		return results.Removed
	case i.draining:
		return results.Draining
	}
	return results.Up
}

// suffers says whether the instance has the ailment of that name.
func (i *instance) suffers(name string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.ailing[name]
}

// suffer notes that an ailment begins or has ended.
func (i *instance) suffer(name string, on bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ailing == nil {
		i.ailing = map[string]bool{}
	}
	i.ailing[name] = on
	if !on {
		delete(i.ailing, name)
	}
}

// pool puts the instance into the pool or takes it out.
func (i *instance) pool(in bool, why string) {
	i.mu.Lock()
	i.removed = !in
	i.mu.Unlock()
	i.settle(why)
}

func (i *instance) pooled() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return !i.removed
}

func (i *instance) is() (results.State, *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.state, i.process
}

// kill ends the process without warning. The counters are read first: they die with it.
func (i *instance) kill(ctx context.Context, why string) error {
	i.sample(ctx)
	p := i.detach()
	if p == nil {
		return errNotRunning
	}
	i.fall(results.Change{Why: why})
	p.kill()
	return p.gone(ctx)
}

// terminate ends the process in order. When it is to keep its sessions, it is told before.
func (i *instance) terminate(ctx context.Context, keep bool, why string, grace time.Duration) error {
	if keep {
		if err := i.order(ctx, http.MethodPost, "/keep"); err != nil {
			return err
		}
	}
	i.sample(ctx)
	p := i.detach()
	if p == nil {
		return errNotRunning
	}
	i.fall(results.Change{Why: why, MemoryKept: keep})
	return p.stop(ctx, grace)
}

// signal reaches the whole process group.
func (i *instance) signal(sig syscall.Signal) error {
	_, p := i.is()
	if p == nil {
		return errNotRunning
	}
	signalGroup(p.pid(), sig)
	return nil
}

// drain tells the instance to take no new sessions, or to take them again.
func (i *instance) drain(ctx context.Context, draining bool, why string) error {
	path := "/undrain"
	if draining {
		path = "/drain"
	}
	if err := i.order(ctx, http.MethodPost, path); err != nil {
		return err
	}
	i.mu.Lock()
	i.draining = draining
	i.mu.Unlock()
	i.settle(why)
	return nil
}

// order tells the running process something on its control port.
func (i *instance) order(ctx context.Context, method, path string) error {
	if _, p := i.is(); p == nil {
		return errNotRunning
	}
	return i.control.order(ctx, method, i.endpoint()+path)
}

func (i *instance) endpoint() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.orders
}

// sample writes the counters of the running process. One that does not answer counts as idle, its
// sample still has the rest; but virtual CPU time is known to the instance alone.
func (i *instance) sample(ctx context.Context) {
	_, p := i.is()
	if p == nil {
		return
	}
	s := results.Sample{Time: clock.Now(), Process: i.name(), PID: p.pid()}
	measure(&s, p.pid())
	now, answered := moment{}, false
	if !i.suffers(freeze) {
		now, answered = i.control.ask(ctx, i.endpoint())
	}
	s.InFlight = now.InFlight
	if i.options.Cores > 0 {
		if !answered {
			return
		}
		s.CPU = time.Duration(now.CPU * float64(time.Second))
	}
	i.record.sample(s)
}

// stop ends the process in order.
func (i *instance) stop(ctx context.Context, grace time.Duration) error {
	p := i.detach()
	if p == nil {
		return nil
	}
	i.fall(results.Change{Why: "stop"})
	return p.stop(ctx, grace)
}
