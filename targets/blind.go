package targets

import (
	"context"
	"fmt"
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/port"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
)

// blind cuts one replica of the balancer off from one instance, or ends that. The replica is sent to an address
// where nobody listens, so that it finds out as it would behind a broken link: by its own checks and
// refused connections. A relay in between would have done without telling the replica, but replicas that
// hash the addresses of instances would have disagreed from the start.
func (d *Deployment) blind(ctx context.Context, i *instance, e profiles.Event) error {
	d.pooling.Lock()
	defer d.pooling.Unlock()
	b := d.replicas[e.Replica-1]
	if blind := b.nowhere[i.name()] != nil; blind != e.End {
		return fmt.Errorf("it is blind to it: %v", blind)
	}
	before := b.sight()
	undo, err := d.look(b, i, e.End)
	if err != nil {
		return err
	}
	d.recordSight(b, i, before, blindness(e))
	if !i.pooled() || b.running() == nil {
		return nil // it finds out when the instance joins again, or when it starts
	}
	if err = b.point(context.WithoutCancel(ctx), i.name(), b.address(i)); err != nil { // see control.order
		before = b.sight()
		undo()
		d.recordSight(b, i, before, "not done: "+blindness(e))
	}
	return err
}

// look makes b look elsewhere for i, or where it is again. The port stays bound, not listening.
func (d *Deployment) look(b *balancer, i *instance, sees bool) (undo func(), err error) {
	if sees {
		p := b.nowhere[i.name()]
		delete(b.nowhere, i.name())
		return func() { b.nowhere[i.name()] = p }, nil
	}
	err = d.onFreePort(func(p *port.Port) error { b.nowhere[i.name()] = p; return nil })
	return func() { delete(b.nowhere, i.name()) }, err
}

func (b *balancer) sight() results.State {
	if len(b.nowhere) > 0 {
		return results.Blind
	}
	return results.Up
}

func (d *Deployment) recordSight(b *balancer, i *instance, before results.State, why string) {
	d.record.change(results.Change{Time: clock.Now(), Instance: b.replica, From: before, To: b.sight(), Why: why, Toward: i.name()})
}

// blindness is what the records say of the step.
func blindness(e profiles.Event) string {
	if e.End {
		return "fault blind to " + e.Target + " ended"
	}
	return "fault blind to " + e.Target
}

// address is where b finds i.
func (b *balancer) address(i *instance) string {
	if p := b.nowhere[i.name()]; p != nil {
		return p.Address
	}
	return i.options.Listen
}

// seen are the instances of the pool where b finds them; of a front, the replicas.
func (d *Deployment) seen(b *balancer) []balancers.Instance {
	all := slices.Clone(b.fixed)
	if all != nil {
		return all
	}
	for _, i := range d.all() {
		if i.pooled() {
			all = append(all, balancers.Instance{Name: i.name(), Address: b.address(i), Weight: i.weight})
		}
	}
	return all
}
