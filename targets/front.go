package targets

import (
	"context"
	"fmt"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
)

// A front is a balancer of its own: what it and the replicas behind it have to do are two experiments.

// behind is e as the replicas play it. What clients say of their address in a PROXY header ends at the front, as
// does HTTP/2: nothing of ours speaks either to its instances.
func behind(e *profiles.Experiment) *profiles.Experiment {
	if e.Balancer.Front == nil {
		return e
	}
	inner := *e
	inner.Balancer.Front, inner.Balancer.Listen = nil, ""
	if profiles.ProxyVersion(e.Load.ClientAddress.Via) > 0 {
		inner.Load.ClientAddress.Via = profiles.ViaSource
	}
	if e.Load.Protocol == profiles.HTTP2 {
		inner.Load.Protocol = profiles.HTTP1
	}
	return &inner
}

// before is e as the front plays it: its instances are the replicas, equal and without a limit, and faults do not
// change that pool.
func before(e *profiles.Experiment) *profiles.Experiment {
	front := *e
	if use := e.Balancer.Front.Use; use != "" && use != e.Balancer.Use {
		front.Balancer.Use, front.Balancer.Config, front.Balancer.Template = use, "", ""
	}
	front.Balancer.Replicas, front.Balancer.Log = 1, false
	front.Backends.Count, front.Backends.Weights, front.Backends.MaxConnections = e.Balancer.Count(), nil, 0
	front.Faults = nil
	return &front
}

// tiers are the experiments of the balancers that e starts, that of the instances first.
func tiers(e *profiles.Experiment) []*profiles.Experiment {
	all := []*profiles.Experiment{behind(e)}
	if e.Balancer.Front != nil {
		all = append(all, before(e))
	}
	return all
}

// cookieOf is the marker's name that is asked for; "" for the mechanism's own.
func cookieOf(e *profiles.Experiment) string {
	if e.Balancer.Front == nil {
		return ""
	}
	return e.Balancer.Front.Cookie
}

// startFront starts the balancer before the replicas, which are up.
func (d *Deployment) startFront(ctx context.Context) error {
	if d.o.Experiment.Balancer.Front == nil {
		return nil
	}
	var pool []balancers.Instance
	for _, b := range d.replicas {
		pool = append(pool, balancers.Instance{Name: b.replica, Address: strings.TrimPrefix(b.url, "http://"), Weight: 1})
	}
	e := before(d.o.Experiment)
	at := post{experiment: e, name: profiles.TheFront, peers: []string{profiles.TheFront}, number: profiles.MostReplicas, listen: e.Balancer.Listen, pool: pool}
	var err error
	d.front, err = d.startOne(ctx, at)
	return err
}

// clash warns of two tiers that overwrite each other's cookie.
func (d *Deployment) clash() []string {
	if d.front == nil || d.front.mechanism.Cookie == "" || d.front.mechanism.Cookie != d.lead().mechanism.Cookie {
		return nil
	}
	return []string{fmt.Sprintf("both tiers call their cookie %s, and a client holds one of that name; lb.front.cookie gives the front's another", d.front.mechanism.Cookie)}
}

// describedFront tells of the front in run.json; nil without one.
func (d *Deployment) describedFront(ours string) *results.Front {
	b := d.front
	if b == nil {
		return nil
	}
	f := results.Front{LB: b.name, Version: b.versionOf(ours), Mechanism: b.mechanism, URL: b.url}
	for _, r := range d.replicas {
		f.Replicas = append(f.Replicas, results.BalancerReplica{Name: r.replica, URL: r.url})
	}
	return &f
}
