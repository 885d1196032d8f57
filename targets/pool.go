package targets

import (
	"context"
	"fmt"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// enlist makes an instance that is not in the pool yet.
func (d *Deployment) enlist(name string) *instance {
	i := d.newInstance(name)
	i.state, i.removed = results.Removed, true
	d.mu.Lock()
	defer d.mu.Unlock()
	d.instances = append(d.instances, i)
	return i
}

// join puts the instance into the balancer's pool, started if need be.
func (d *Deployment) join(ctx context.Context, i *instance, e profiles.Event) error {
	if _, p := i.is(); p == nil {
		if err := d.boot(ctx, i, e); err != nil {
			return err
		}
	}
	return d.repool(ctx, i, true, e)
}

// boot starts an instance: on the port it had, or on a new one.
func (d *Deployment) boot(ctx context.Context, i *instance, e profiles.Event) error {
	if i.options.Listen != "" {
		return i.start(ctx, why(e), why(e))
	}
	return d.startFresh(ctx, i, why(e))
}

// leave takes the instance out of the balancer's pool; its process stays.
func (d *Deployment) leave(ctx context.Context, i *instance, e profiles.Event) error {
	return d.repool(ctx, i, false, e)
}

// repool records the change before the balancer is told: nobody sees the effect before its cause.
func (d *Deployment) repool(ctx context.Context, i *instance, in bool, e profiles.Event) error {
	d.pooling.Lock()
	defer d.pooling.Unlock()
	if i.pooled() == in {
		return fmt.Errorf("it is in the pool: %v", in)
	}
	i.pool(in, why(e))
	ctx = context.WithoutCancel(ctx) // see control.order
	apply := func(b *balancer) error {
		if b.running() == nil {
			return nil // it starts with the pool as it is then
		}
		return b.apply(ctx, d.seen(b))
	}
	did, err := d.onReplicas(apply)
	if err != nil {
		i.pool(!in, "not done: "+why(e))
		for _, b := range did {
			d.record.note(apply(b))
		}
	}
	return err
}
