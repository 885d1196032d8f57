package balancers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stickybench/stickybench/results"
)

// Row is one load balancer.
type Row struct {
	Name       string
	Binary     string // program name; empty for exec
	Install    string // how to get it
	HTTP2      bool   // takes HTTP/2 without TLS on the port of HTTP/1.1
	Mechanisms []Mechanism

	command   func(Params) ([]string, error)
	config    string // file name of the configuration below Params.Directory
	version   []string
	detection func(Health) time.Duration
	drain     func(ctx context.Context, p Params, instance string, draining bool) error // nil = cannot
}

// Mechanism is one way a balancer keeps a session on its instance.
type Mechanism struct {
	results.Mechanism
	Notes     []string // what a reader of the results must know
	DrainNote string   // set when a drain does not keep bound sessions
	text      string   // template of the configuration
	refuse    func(Params) error
}

// rows is the table.
func rows() []Row { return []Row{nginx(), haproxy(), command()} }

// List gives every balancer known here.
func List() []Row { return rows() }

// Lookup finds "NAME", "NAME:MECHANISM" or "exec:CMD…"; without a mechanism it is the first one.
func Lookup(use string) (Row, Mechanism, error) {
	name, mechanism, _ := strings.Cut(use, ":")
	for _, r := range rows() {
		if r.Name != name {
			continue
		}
		if r.Binary == "" || mechanism == "" {
			return r, r.Mechanisms[0], nil
		}
		m, err := r.mechanism(mechanism)
		return r, m, err
	}
	return Row{}, Mechanism{}, fmt.Errorf("lb.use: %q is no known balancer; use one of %s, or builtin:cookie", name, names())
}

func (r Row) mechanism(name string) (Mechanism, error) {
	known := make([]string, 0, len(r.Mechanisms))
	for _, m := range r.Mechanisms {
		if m.Name == name {
			return m, nil
		}
		known = append(known, r.Name+":"+m.Name)
	}
	return Mechanism{}, fmt.Errorf("lb.use: %s has no mechanism %q; use one of %s", r.Name, name, strings.Join(known, ", "))
}

func names() string {
	var all []string
	for _, r := range rows() {
		all = append(all, r.Name)
	}
	return strings.Join(all, ", ")
}

// CanDrain says whether an instance can be drained at run time.
func (r Row) CanDrain() bool { return r.drain != nil }

// Drain tells the running balancer to send no new sessions to instance, or to do so again.
func (r Row) Drain(ctx context.Context, p Params, instance string, draining bool) error {
	if r.drain == nil {
		return fmt.Errorf("%s cannot drain an instance at run time; use haproxy:cookie or builtin:cookie", r.Name)
	}
	if err := r.drain(ctx, p, instance, draining); err != nil {
		return fmt.Errorf("draining %s in %s: %w", instance, r.Name, err)
	}
	return nil
}

// Promise is what the mechanism does under p.
func (r Row) Promise(m Mechanism, p Params) results.Mechanism {
	promise := m.Mechanism
	promise.Detection = r.detection(p.Health)
	if m.Family == results.MoveAndStay {
		promise.Random = p.Choice == "random"
		promise.TTL = p.TTL
		promise.Sliding = p.TTL > 0 && !p.Absolute
	}
	return promise
}

// Refuse says why the mechanism cannot do what p asks, or nil.
func (r Row) Refuse(m Mechanism, p Params) error {
	if m.refuse == nil {
		return nil
	}
	return m.refuse(p)
}
