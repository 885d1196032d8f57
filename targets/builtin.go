package targets

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
	"github.com/stickybench/stickybench/targets/lb"
)

// newBuiltin configures the reference balancer, a process of our own.
func (d *Deployment) newBuiltin(at post, mechanism string) *balancer {
	options := func(pool []balancers.Instance) lb.Options {
		o := builtinOptions(at.experiment, builtinMechanism(mechanism), at.listen, d.builtinLog(at), pool)
		o.Replica = at.number
		return o
	}
	b := &balancer{replica: at.name, name: builtin, url: "http://" + at.listen, mechanism: builtinPromise(options(nil))}
	b.boot = func(ctx context.Context, pool []balancers.Instance) (*process, string, error) {
		p, ready, err := role(ctx, b.replica, d.o.Self, "lb", options(pool))
		return p, ready.Control, err
	}
	b.drain = func(ctx context.Context, instance string, draining bool) error {
		order := "/undrain"
		if draining {
			order = "/drain"
		}
		return d.control.order(ctx, http.MethodPost, b.endpoint()+order+"?instance="+instance)
	}
	b.apply = func(ctx context.Context, pool []balancers.Instance) error {
		return d.control.put(ctx, b.endpoint()+"/pool", options(pool).Instances)
	}
	b.point = func(ctx context.Context, _, _ string) error { return b.apply(ctx, d.seen(b)) }
	return b
}

// builtinOptions configures the reference balancer for the experiment's instances at those addresses.
func builtinOptions(e *profiles.Experiment, mechanism, listen, accessLog string, instances []balancers.Instance) lb.Options {
	b := e.Balancer
	o := lb.Options{
		Listen: listen, Control: anyPort, Mechanism: mechanism, TTL: e.Scale(b.TTL), Absolute: b.Absolute,
		AccessLog: accessLog, Cookie: cookieOf(e), Points: b.Points, Choice: b.Choice, MaxConnections: e.Backends.MaxConnections, Seed: e.Seed, ClientAddress: e.Load.ClientAddress.Via,
		Health: lb.Health{
			Interval: e.Scale(b.Health.Interval), Timeout: e.Scale(b.Health.Timeout), Rise: b.Health.Rise, Fall: b.Health.Fall,
		},
	}
	for _, i := range instances {
		o.Instances = append(o.Instances, lb.Instance{Name: i.Name, URL: "http://" + i.Address, Weight: i.Weight})
	}
	return o
}

// builtinPromise is what the reference balancer does under o.
func builtinPromise(o lb.Options) results.Mechanism {
	for _, m := range lb.Mechanisms() {
		if m.Name == o.Mechanism {
			m.Cookie = cmp.Or(o.Cookie, m.Cookie)
			m.TTL, m.Sliding = o.TTL, o.TTL > 0 && !o.Absolute
			m.Detection = o.Health.Interval*time.Duration(o.Health.Fall) + o.Health.Timeout
			return m
		}
	}
	return results.Mechanism{Name: o.Mechanism, Family: results.Unknown}
}

// builtinMechanism is the first one unless named.
func builtinMechanism(name string) string {
	if name == "" {
		return lb.Mechanisms()[0].Name
	}
	return name
}
