package targets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
)

// everyInstance is the name that means all of them.
const everyInstance = "all"

// event is one moment of a fault: a freeze is two of them.
type event struct {
	at       time.Duration
	action   string
	instance string
}

// The actions of events; all but thaw are keys of a fault.
const (
	kill    = "kill"
	revive  = "start"
	drain   = "drain"
	undrain = "undrain"
	freeze  = "freeze"
	thaw    = "thaw"
)

// events lists what the faults do, in the order of time.
func events(faults []profiles.Fault) []event {
	var all []event
	for _, f := range faults {
		action, name := act(f)
		all = append(all, event{time.Duration(f.At), action, name})
		if action == freeze && f.For > 0 {
			all = append(all, event{time.Duration(f.At + f.For), thaw, name})
		}
	}
	slices.SortStableFunc(all, func(a, b event) int { return int(a.at - b.at) })
	return all
}

// act names the one action of a fault and its instance.
func act(f profiles.Fault) (action, name string) {
	for action, name := range map[string]string{
		kill: f.Kill, revive: f.Start, drain: f.Drain, undrain: f.Undrain, freeze: f.Freeze,
	} {
		if name != "" {
			return action, name
		}
	}
	return "", ""
}

// drains says whether an instance will be drained.
func drains(faults []profiles.Fault) bool {
	return slices.ContainsFunc(faults, func(f profiles.Fault) bool { return f.Drain != "" })
}

// playFaults plays every fault at its time. A fault that fails is a warning, not the end: the
// load goes on, and the report says what did not happen.
func (d *Deployment) playFaults(ctx context.Context, start clock.Time) {
	for _, e := range events(d.o.Experiment.Faults) {
		if clock.SleepUntil(ctx, start.Add(e.at)) != nil {
			return
		}
		for _, i := range d.named(e.instance) {
			if err := d.play(ctx, e, i); err != nil && ctx.Err() == nil {
				d.record.warn(fmt.Sprintf("fault at %v: %s %s: %v", e.at, e.action, i.name(), err))
			}
		}
	}
}

func (d *Deployment) named(name string) []*instance {
	if name == everyInstance {
		return d.instances
	}
	for _, i := range d.instances {
		if i.name() == name {
			return []*instance{i}
		}
	}
	return nil
}

func (d *Deployment) play(ctx context.Context, e event, i *instance) error {
	why := "fault " + e.action
	switch e.action {
	case kill:
		return i.kill(ctx, why)
	case revive:
		if _, p := i.is(); p != nil {
			return errors.New("it is running already")
		}
		return i.start(ctx, why, "recovered")
	case drain, undrain:
		return d.drain(ctx, i, e.action == drain, why)
	case freeze:
		return i.freeze(why)
	default:
		return i.thaw("recovered")
	}
}

// drain tells the instance and the balancer; real balancers know nothing of the one's intentions.
func (d *Deployment) drain(ctx context.Context, i *instance, draining bool, why string) error {
	if err := i.drain(ctx, draining, why); err != nil {
		return err
	}
	return d.balancer.drain(ctx, i.name(), draining)
}
