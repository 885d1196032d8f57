package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// How many of everything; a probe of the usual size sends 1,000 to 1,500 requests.
const (
	followUps   = 4  // per client
	sample      = 12 // clients of a test
	repeats     = 3  // requests of each
	groups      = 6  // bursts, connections, header values, invented values
	together    = 8  // requests of a burst
	oneByOne    = 6  // requests of another group
	cookieLimit = 6  // cookies looked at one by one
)

// calm is the pause before a request that goes alone. A balancer that minds its load still counts a request whose answer
// has just gone out, and would send the next one elsewhere for it.
const calm = 2 * time.Millisecond

// ErrUnreachable is the class of a URL that gave no answer at all.
var ErrUnreachable = errors.New("does not answer")

// Run probes until everything is tried or ctx is done.
func Run(ctx context.Context, o Options) (results.Probe, error) {
	target, err := url.Parse(o.URL)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return results.Probe{}, fmt.Errorf("url %q: want http://HOST[:PORT][/PATH]", o.URL)
	}
	if o.Clients != 0 && o.Clients < 2 {
		return results.Probe{}, fmt.Errorf("clients: %d; at least 2 are needed to see two homes", o.Clients)
	}
	name, err := newNaming(o.Identify)
	if err != nil {
		return results.Probe{}, err
	}
	p := &prober{url: o.URL, naming: name, timeout: cmp.Or(o.Timeout, defaultTimeout), insecure: o.Insecure}
	seen := results.Probe{URL: o.URL, Secure: target.Scheme == "https", Idle: o.Idle.Seconds()}
	p.source, seen.Sources = sources(target, o.Seed)
	if shot := p.once(ctx, p.fresh(), results.Shot{Client: none}, nil); shot.Failure != "" {
		return seen, fmt.Errorf("%s %w: %s", o.URL, ErrUnreachable, shot.Failure)
	}
	p.shots = nil
	p.everything(ctx, o)
	seen.Shots = p.shots
	return seen, ctx.Err()
}

// none is the Client of a shot that is nobody's.
const none = -1

func (p *prober) everything(ctx context.Context, o Options) {
	p.random = profiles.NewRand(o.Seed)
	clients := p.arrive(ctx, cmp.Or(o.Clients, defaultClients))
	some := clients[:min(len(clients), sample)]
	names := cookieNames(clients)
	p.parts(ctx, some)
	for _, name := range names {
		p.one(ctx, some, name)
	}
	for _, name := range o.Headers {
		p.header(ctx, name)
	}
	p.sharing(ctx)
	p.known(ctx, some)
	p.sockets(ctx, some)
	p.streams(ctx, some)
	for _, name := range names {
		p.damage(ctx, clients, name)
		p.forge(ctx, name, o.Addresses)
	}
	if o.Idle > 0 && clock.Sleep(ctx, o.Idle) == nil {
		for _, c := range some {
			shot := c.shot(results.TestIdle)
			shot.Sent = c.all()
			p.once(ctx, c.from, shot, nil)
		}
	}
}

// arrive lets clients come and come again, in another order each time: a balancer that takes turns would
// otherwise bring everybody to the same instance again by mere arithmetic.
func (p *prober) arrive(ctx context.Context, n int) []*client {
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = &client{number: i, from: p.fresh()}
	}
	for round := range 1 + followUps {
		test := results.TestFollow
		if round == 0 {
			test = results.TestFirst
		}
		for _, i := range p.shuffled(n) {
			c := clients[i]
			shot := c.shot(test)
			shot.Sent = c.all()
			shot = p.alone(ctx, c.from, shot, nil)
			c.take(shot.Set)
			c.home = cmp.Or(shot.Instance, c.home)
		}
	}
	return clients
}

// cookieNames lists the cookies that clients hold, the most held first.
func cookieNames(clients []*client) []string {
	held := map[string]int{}
	var names []string
	for _, c := range clients {
		for _, p := range c.cookies {
			if held[p.name]++; held[p.name] == 1 {
				names = append(names, p.name)
			}
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return held[b] - held[a] })
	return names[:min(len(names), cookieLimit)]
}

// parts sends the cookies without the address, the address without the cookies, and both on one connection.
func (p *prober) parts(ctx context.Context, clients []*client) {
	var todo []func()
	for _, c := range clients {
		kept := p.connections(c.from, true)
		defer kept.CloseIdleConnections()
		cookies, bare, again := c.shot(results.TestCookies), c.shot(results.TestBare), c.shot(results.TestKept)
		cookies.Sent, again.Sent = c.all(), c.all()
		todo = append(todo,
			func() { p.once(ctx, p.fresh(), cookies, nil) },
			func() { p.once(ctx, c.from, bare, nil) },
			func() { p.on(ctx, kept, c.from, again, nil) })
	}
	p.mixed(ctx, todo)
}

// one sends one cookie alone, and all the others.
func (p *prober) one(ctx context.Context, clients []*client, name string) {
	var todo []func()
	for _, c := range clients {
		if c.value(name) == "" {
			continue
		}
		only, without := c.shot(results.TestOnly), c.shot(results.TestWithout)
		only.Label, only.Sent = name, c.only(name)
		without.Label, without.Sent = name, c.without(name)
		todo = append(todo,
			func() { p.once(ctx, p.fresh(), only, nil) },
			func() { p.once(ctx, p.fresh(), without, nil) })
	}
	p.mixed(ctx, todo)
}

// mixed does everything several times, in another order each time.
func (p *prober) mixed(ctx context.Context, todo []func()) {
	for range repeats {
		for _, i := range p.shuffled(len(todo)) {
			_ = clock.Sleep(ctx, calm) // the request fails too when ctx is done
			todo[i]()
		}
	}
}

// shuffled is 0 … n-1 in random order.
func (p *prober) shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		j := int(p.random.Uint64() % uint64(i+1))
		order[i], order[j] = order[j], i
	}
	return order
}

// header sends invented values of a request header, one by one and then at once: those again, and new ones.
func (p *prober) header(ctx context.Context, name string) {
	name = http.CanonicalHeaderKey(name)
	shot := results.Shot{Test: results.TestHeader, Label: name, Client: none}
	for range oneByOne {
		for _, group := range p.shuffled(groups) {
			shot.Group = headerValue(name, group)
			p.alone(ctx, p.fresh(), shot, http.Header{name: {shot.Group}})
		}
	}
	for group := range groups {
		shot.Test, shot.Group = results.TestKnownHeader, headerValue(name, group)
		p.together(ctx, together, p.fresh(), shot, http.Header{name: {shot.Group}})
		shot.Test = results.TestHeaders
		shot.Group = headerValue(name, groups+group)
		p.together(ctx, together, p.fresh(), shot, http.Header{name: {shot.Group}})
	}
}

// headerValue is the n-th invented value; a forwarded address must look like one.
func headerValue(name string, n int) string {
	if name == "X-Forwarded-For" {
		return fmt.Sprintf("10.%d.%d.%d", 1+n*17, 1+n*19, 1+n*13)
	}
	return "probe-" + strconv.Itoa(n*7919)
}

// known sends several requests at once from addresses that have a home.
func (p *prober) known(ctx context.Context, clients []*client) {
	for _, c := range clients[:min(len(clients), groups)] {
		shot := c.shot(results.TestKnownBurst)
		shot.Group = strconv.Itoa(c.number)
		p.together(ctx, together, c.from, shot, nil)
	}
}

// sharing looks at what requests without cookies share: a connection, or the moment.
func (p *prober) sharing(ctx context.Context) {
	for group := range groups {
		one := results.Shot{Test: results.TestOneConn, Group: strconv.Itoa(group), Client: none}
		from := p.fresh()
		kept := p.connections(from, true)
		for range oneByOne {
			p.on(ctx, kept, from, one, nil)
		}
		kept.CloseIdleConnections()
		each := one
		each.Test = results.TestNewConns
		for range oneByOne {
			p.once(ctx, p.fresh(), each, nil)
		}
		p.together(ctx, together, p.fresh(), results.Shot{Test: results.TestBurst, Group: strconv.Itoa(group), Client: none}, nil)
	}
}
