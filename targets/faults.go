package targets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// player plays one primitive step on an instance.
type player func(ctx context.Context, i *instance, e profiles.Event) error

// players is the table: every primitive that an experiment's faults expand to.
func (d *Deployment) players() map[string]player {
	all := map[string]player{
		"kill":      func(ctx context.Context, i *instance, e profiles.Event) error { return i.kill(ctx, why(e)) },
		"terminate": d.terminate,
		"start":     restart,
		"heal":      func(ctx context.Context, i *instance, _ profiles.Event) error { return i.heal(ctx, ailments()) },
		"drain":     d.drain,
		"undrain":   d.drain,
		"add":       d.join,
		"remove":    d.leave,
		"blind":     d.blind,
	}
	for name := range ailments() {
		all[name] = func(ctx context.Context, i *instance, e profiles.Event) error { return i.ail(ctx, e) }
	}
	return all
}

// playFaults plays every step at its time. Steps of one fault, and those on one target, wait for one
// another; what takes long on one instance delays no other. A step that fails is a warning, not the
// end: the load goes on, and the report says what did not happen.
func (d *Deployment) playFaults(ctx context.Context, start clock.Time) {
	var playing sync.WaitGroup
	defer playing.Wait()
	before := map[any]chan struct{}{} // the last step of a fault, by number, and of a target, by name
	for _, e := range d.o.Experiment.Events() {
		if clock.SleepUntil(ctx, start.Add(e.At)) != nil {
			d.record.warn(fmt.Sprintf("fault at %v: %s %s, and what follows it: not played, the load had ended", e.At, e, e.Target))
			return
		}
		on := e.Target
		if d.isBalancer(on) {
			on = profiles.TheBalancer // its replicas are one target: what is done to all must not overtake what is done to one
		}
		waits := []chan struct{}{before[e.Fault], before[on]}
		done := make(chan struct{})
		before[e.Fault], before[on] = done, done
		playing.Go(func() {
			defer close(done)
			for _, earlier := range waits {
				if earlier != nil {
					<-earlier
				}
			}
			d.try(ctx, e)
		})
	}
}

// why is what the records say of a step.
func why(e profiles.Event) string { return "fault " + e.String() }

// try plays a step; what could not be done, or not before the load ended, is told.
func (d *Deployment) try(ctx context.Context, e profiles.Event) {
	err := errors.New("not played, what came before it lasted until the load ended")
	if ctx.Err() == nil {
		if err = d.play(ctx, e); err != nil && ctx.Err() != nil {
			err = errors.New("not done when the load ended")
		}
	}
	if err != nil {
		d.record.warn(fmt.Sprintf("fault at %v: %s %s: %v", e.At, e, e.Target, err))
	}
}

func (d *Deployment) play(ctx context.Context, e profiles.Event) error {
	if d.isBalancer(e.Target) {
		return d.playBalancer(ctx, e)
	}
	if e.Target == profiles.TheClients { // the generator plays it; here it is told
		d.record.process(profiles.TheClients, results.Up, results.Up, why(e))
		return nil
	}
	i := d.named(e.Target)
	if i == nil {
		if e.Action != "add" {
			return errors.New("there is no such instance yet")
		}
		i = d.enlist(e.Target)
	}
	return d.players()[e.Action](ctx, i, e)
}

// all lists the instances; faults may add to them.
func (d *Deployment) all() []*instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.instances)
}

func (d *Deployment) named(name string) *instance {
	for _, i := range d.all() {
		if i.name() == name {
			return i
		}
	}
	return nil
}

// terminate ends the process in order; what is under way may finish.
func (d *Deployment) terminate(ctx context.Context, i *instance, e profiles.Event) error {
	return i.terminate(ctx, e.Keep, why(e), d.patience())
}

func restart(ctx context.Context, i *instance, e profiles.Event) error {
	if _, p := i.is(); p != nil {
		return errors.New("it is running already")
	}
	return i.start(ctx, why(e), "recovered")
}

// drain tells the instance, which records it, and then the balancer: nobody sees the effect before its
// cause. Real balancers know nothing of the instance's intentions. A replica that is down hears nothing of it, and
// one that was told forgets it with its process: such orders are in no configuration.
func (d *Deployment) drain(ctx context.Context, i *instance, e profiles.Event) error {
	draining := e.Action == "drain"
	if d.lead().drain == nil {
		return fmt.Errorf("%s cannot drain an instance at run time", d.lead().name)
	}
	d.pooling.Lock()
	defer d.pooling.Unlock()
	if !slices.ContainsFunc(d.replicas, func(b *balancer) bool { return b.running() != nil }) {
		return errors.New("the balancer is down")
	}
	if err := i.drain(ctx, draining, why(e)); err != nil {
		return err
	}
	tell := func(b *balancer, draining bool) error {
		if b.running() == nil {
			return nil
		}
		return b.drain(context.WithoutCancel(ctx), i.name(), draining) // see control.order
	}
	did, err := d.onReplicas(func(b *balancer) error { return tell(b, draining) })
	if err == nil {
		return nil
	}
	for _, b := range did {
		d.record.note(tell(b, !draining))
	}
	return errors.Join(err, i.drain(ctx, !draining, "not done: "+why(e)))
}

// reloads says whether the balancer will take over a new configuration.
func reloads(events []profiles.Event) bool {
	return slices.ContainsFunc(events, func(e profiles.Event) bool { return e.Action == "reload" || e.Action == "add" || e.Action == "remove" })
}

// drains says whether an instance will be drained.
func drains(events []profiles.Event) bool {
	return slices.ContainsFunc(events, func(e profiles.Event) bool { return e.Action == "drain" })
}
