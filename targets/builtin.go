package targets

import (
	"time"

	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/lb"
)

// builtinOptions configures the reference balancer.
func (d *Deployment) builtinOptions(mechanism, listen string) lb.Options {
	e := d.o.Experiment
	b := e.Balancer
	o := lb.Options{
		Listen: listen, Control: anyPort, Mechanism: mechanism, TTL: e.Scale(b.TTL), Absolute: b.Absolute,
		Points: b.Points, Choice: b.Choice, Seed: e.Seed,
		Health: lb.Health{
			Interval: e.Scale(b.Health.Interval), Timeout: e.Scale(b.Health.Timeout), Rise: b.Health.Rise, Fall: b.Health.Fall,
		},
	}
	for _, i := range d.instances {
		o.Instances = append(o.Instances, lb.Instance{Name: i.name(), URL: "http://" + i.options.Listen, Weight: 1})
	}
	return o
}

// builtinPromise is what the reference balancer does under o.
func builtinPromise(known []results.Mechanism, o lb.Options) results.Mechanism {
	for _, m := range known {
		if m.Name == o.Mechanism {
			m.TTL, m.Sliding = o.TTL, o.TTL > 0 && !o.Absolute
			m.Detection = o.Health.Interval*time.Duration(o.Health.Fall) + o.Health.Timeout
			return m
		}
	}
	return results.Mechanism{Name: o.Mechanism, Family: results.Unknown}
}
