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
	self    []string
	control control
	record  *recorder
	watches *sync.WaitGroup
	// introduce tells the peers of a replicated store where the instance is now; nil without one.
	introduce func(context.Context)

	mu      sync.Mutex
	state   results.State
	process *process // nil while it is down
	orders  string   // URL of the control port
}

func (i *instance) name() string { return i.options.Name }

// start boots the process and waits until it serves.
func (i *instance) start(ctx context.Context, starting, up string) error {
	i.become(results.Starting, starting)
	p, ready, err := role(ctx, i.name(), i.self, "backend", i.options)
	if err != nil {
		i.become(results.Down, "not started")
		return err
	}
	i.mu.Lock()
	i.process, i.orders = p, ready.Control
	i.mu.Unlock()
	if i.introduce != nil {
		i.introduce(ctx)
	}
	i.sample(ctx)
	i.become(results.Up, up)
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
		i.become(results.Down, "exited: "+p.why)
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

// become records a transition at the present moment.
func (i *instance) become(to results.State, why string) {
	i.mu.Lock()
	from := i.state
	i.state = to
	i.mu.Unlock()
	i.record.change(results.Change{Time: clock.Now(), Instance: i.name(), From: from, To: to, Why: why})
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
	i.become(results.Down, why)
	p.kill()
	return p.gone(ctx)
}

// freeze stops the process as a long garbage collection or a swapped-out machine would.
func (i *instance) freeze(why string) error {
	_, p := i.is()
	if p == nil {
		return errNotRunning
	}
	i.become(results.Failing, why)
	signalGroup(p.pid(), syscall.SIGSTOP)
	return nil
}

// thaw ends a freeze; an instance that was killed meanwhile stays as it is.
func (i *instance) thaw(why string) error {
	state, p := i.is()
	if p == nil || state != results.Failing {
		return nil
	}
	signalGroup(p.pid(), syscall.SIGCONT)
	i.become(results.Up, why)
	return nil
}

// drain tells the instance to take no new sessions, or to take them again.
func (i *instance) drain(ctx context.Context, draining bool, why string) error {
	order, to := "/undrain", results.Up
	if draining {
		order, to = "/drain", results.Draining
	}
	if err := i.control.order(ctx, http.MethodPost, i.endpoint()+order); err != nil {
		return err
	}
	i.become(to, why)
	return nil
}

func (i *instance) endpoint() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.orders
}

// sample writes the counters of the running process. One that does not answer counts as idle, its
// sample still has the rest; but virtual CPU time is known to the instance alone.
func (i *instance) sample(ctx context.Context) {
	state, p := i.is()
	if p == nil {
		return
	}
	s := results.Sample{Time: clock.Now(), Process: i.name(), PID: p.pid()}
	measure(&s, p.pid())
	now, answered := moment{}, false
	if state != results.Failing {
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
	i.become(results.Down, "stop")
	return p.stop(ctx, grace)
}
