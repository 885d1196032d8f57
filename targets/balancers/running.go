package balancers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// Running is a row at work: what runs, by which mechanism, with which parameters.
type Running struct {
	Row       Row
	Mechanism Mechanism
	Params    Params
}

// CanDrain says whether an instance can be drained at run time.
func (r Row) CanDrain() bool { return r.drain != nil }

// CanReload says whether a new configuration can be taken over at run time.
func (r Row) CanReload() bool { return r.reload != nil }

// Drain tells the balancer to send no new sessions to instance, or to do so again, and gives what runs then.
func (b Running) Drain(ctx context.Context, instance string, draining bool) (Running, error) {
	if b.Row.drain == nil {
		return b, fmt.Errorf("%s cannot drain an instance at run time; use haproxy:cookie or builtin:cookie", b.Row.Name)
	}
	after := b
	after.Params.Instances = slices.Clone(b.Params.Instances)
	for i := range after.Params.Instances {
		if after.Params.Instances[i].Name == instance {
			after.Params.Instances[i].Draining = draining
			if err := b.Row.drain(ctx, after, instance); err != nil {
				return b, fmt.Errorf("draining %s in %s: %w", instance, b.Row.Name, err)
			}
			return after, nil
		}
	}
	return b, fmt.Errorf("draining %s in %s: it is not in the pool", instance, b.Row.Name)
}

// Pool makes the balancer serve these instances from now on and gives what runs then.
func (b Running) Pool(ctx context.Context, instances []Instance) (Running, error) {
	after := b
	after.Params.Instances = slices.Clone(instances)
	if err := after.Reload(ctx); err != nil {
		return b, err
	}
	return after, nil
}

// Reload writes the configuration anew and makes the balancer take it over, without closing what
// is in flight. A configuration that the balancer refuses changes nothing.
func (b Running) Reload(ctx context.Context) error {
	if b.Row.reload == nil {
		return fmt.Errorf("%s cannot take over a new configuration at run time; use nginx, haproxy, apache or caddy", b.Row.Name)
	}
	err := b.Row.write(b.Mechanism, b.Params)
	if err == nil {
		err = b.Row.reload(ctx, b)
	}
	if err != nil {
		return fmt.Errorf("reloading %s: %w", b.Row.Name, err)
	}
	return nil
}

// Point makes the balancer look for the instance at another address and gives what runs then.
func (b Running) Point(ctx context.Context, instance, address string) (Running, error) {
	after := b
	after.Params.Instances = slices.Clone(b.Params.Instances)
	for i := range after.Params.Instances {
		if after.Params.Instances[i].Name == instance {
			after.Params.Instances[i].Address = address
		}
	}
	if b.Row.point == nil {
		return b.Pool(ctx, after.Params.Instances)
	}
	err := b.Row.write(b.Mechanism, after.Params) // for the next reload
	if err == nil {
		err = b.Row.point(ctx, after, instance, address)
	}
	if err != nil {
		return b, fmt.Errorf("moving %s in %s: %w", instance, b.Row.Name, err)
	}
	return after, nil
}

// Linked waits until the replica hears from the others, where the mechanism needs that, and ripe: until it
// would tell a process that takes over what it has learned.
func (b Running) Linked(ctx context.Context, ripe bool) error {
	if b.Row.linked == nil || b.Mechanism.Agreement != results.Synchronise {
		return nil
	}
	return b.Row.linked(ctx, b, ripe)
}

const (
	// orderTimeout bounds one exchange on an admin socket.
	orderTimeout = 5 * time.Second
	// reloadTimeout bounds a reload, for which new processes, or a C compiler, have to come by a processor.
	reloadTimeout = 20 * time.Second
)

// tell runs the balancer's own program for an order such as "reload".
func (b Running) tell(ctx context.Context, args ...string) error {
	path, err := b.Row.Path()
	if err != nil {
		return err
	}
	said, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	if err != nil {
		return errors.New(strings.Join(strings.Fields(string(said)), " "))
	}
	return nil
}

// processID is what the program has written of itself, as soon as it has: it may serve before.
func processID(ctx context.Context, path string) (int, error) {
	for {
		text, err := os.ReadFile(path)
		if number := strings.TrimSpace(string(text)); err == nil && number != "" {
			return strconv.Atoi(number)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, err
		}
		if err := clock.Sleep(ctx, 10*time.Millisecond); err != nil {
			return 0, fmt.Errorf("it has written no process id: %w", err)
		}
	}
}

// Promise is what the mechanism does under p.
func (r Row) Promise(m Mechanism, p Params) results.Mechanism {
	promise := m.Mechanism
	promise.Cookie = cmp.Or(p.Cookie, m.Cookie)
	promise.Detection = r.detection(p.Health)
	promise.Random = m.Random || m.Choice && p.Choice == "random"
	if p.TTL > 0 && (p.Absolute && m.Age || !p.Absolute && m.Idle) {
		promise.TTL, promise.Sliding = p.TTL, !p.Absolute
	}
	return promise
}

// refuseWeights: a program of the user's hears of weights by its template alone.
func (r Row) refuseWeights(p Params) error {
	switch {
	case len(p.Weights) == 0:
		return nil
	case r.Binary == "" && p.Templated:
		return nil
	case r.Binary == "":
		return errors.New("backends.weights: {backends} does not carry them; write {{.Weight}} of each of {{.Instances}} into a template (lb.config), or leave them out")
	case r.weighs == 0:
		return fmt.Errorf("backends.weights: %s's affinity mechanisms know no weights; use haproxy:cookie, nginx:ip-hash or builtin:cookie, or leave them out", r.Name)
	case slices.Max(p.Weights) > r.weighs:
		return fmt.Errorf("backends.weights: %d; %s takes 1 to %d", slices.Max(p.Weights), r.Name, r.weighs)
	}
	return nil
}

// Refuse says why the mechanism cannot do what p asks, or nil.
func (r Row) Refuse(m Mechanism, p Params) error {
	if (p.Proxied() || p.Forwarded()) && !r.told && r.Binary != "" {
		return fmt.Errorf("load.client_address.via: %s is not set up here to learn addresses by %s; use source, or another balancer", r.Name, p.Via)
	}
	if p.AccessLog && !r.CanLog() && r.Binary != "" {
		return fmt.Errorf("lb.access_log: %s is not set up here to write one; remove it, or use haproxy:cookie, nginx:ip-hash or builtin:cookie", r.Name)
	}
	if p.AccessLog && !r.CanLog() {
		return fmt.Errorf("lb.access_log: what %s logs is not known here; remove it, or use a balancer that has a name", r.Name)
	}
	if err := r.refuseWeights(p); err != nil {
		return err
	}
	if p.MaxConnections > 0 && !r.limits && !(r.Binary == "" && p.Templated) {
		return fmt.Errorf("backends.max_connections: %s is not set up here to limit what each instance gets; use haproxy:cookie, nginx:ip-hash or builtin:cookie, or leave it out", r.Name)
	}
	if m.refuse == nil {
		return nil
	}
	return m.refuse(p)
}
