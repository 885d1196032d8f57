package lb

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// member is one instance with its connections and its health.
type member struct {
	Instance
	url       *url.URL
	transport http.RoundTripper
	draining  atomic.Bool
	down      atomic.Bool
	inFlight  atomic.Int64
	slots     chan struct{} // as many as requests may be there at a time; nil = no limit
	streak    streak        // only the checker's
}

// pool is immutable: an update makes a new one that shares the members that stayed.
type pool struct {
	members []*member
	place   placement // nil unless the mechanism hashes
}

// dialer makes the connections to one instance.
type dialer func(Instance) http.RoundTripper

// newPool takes build from mechanisms that hash; nil otherwise.
func newPool(build func([]Instance) placement, instances []Instance, old *pool, limit int, dial dialer) *pool {
	p := &pool{}
	for _, in := range instances {
		p.members = append(p.members, old.reuse(in, limit, dial))
	}
	if build != nil {
		p.place = build(instances)
	}
	return p
}

func (p *pool) reuse(in Instance, limit int, dial dialer) *member {
	if m := p.named(in.Name); m != nil && m.Instance == in {
		return m
	}
	u, _ := url.Parse(in.URL) // validPool has parsed it
	m := &member{Instance: in, url: u, transport: dial(in)}
	if limit > 0 {
		m.slots = make(chan struct{}, limit)
	}
	return m
}

func (p *pool) named(name string) *member {
	if p == nil || name == "" {
		return nil
	}
	for _, m := range p.members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// overTCP is the dialer outside of tests.
func overTCP(Instance) http.RoundTripper {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 1024, IdleConnTimeout: 30 * time.Second, DisableCompression: true,
	}
}

// rest closes the connections that nobody uses.
func (m *member) rest() { (&http.Client{Transport: m.transport}).CloseIdleConnections() }

func (p *pool) close() {
	for _, m := range p.members {
		m.rest()
	}
}

// router decides for each request; it is safe for concurrent use.
type router struct {
	affinity affinity
	build    func([]Instance) placement
	limit    int // of requests at an instance; 0 = none
	choice   *choice
	now      func() time.Time
	dial     dialer
	pool     atomic.Pointer[pool]
	update   sync.Mutex
}

func newRouter(o Options, now func() time.Time, dial dialer) *router {
	r := &router{limit: o.MaxConnections, affinity: newAffinity(o), choice: newChoice(o), now: now, dial: dial}
	if h, ok := r.affinity.(*hashed); ok {
		r.build = h.build
	}
	r.pool.Store(newPool(r.build, o.Instances, nil, r.limit, dial))
	return r
}

// replace closes the idle connections of members that left; busy ones finish.
func (r *router) replace(instances []Instance) {
	r.update.Lock()
	defer r.update.Unlock()
	old := r.pool.Load()
	fresh := newPool(r.build, instances, old, r.limit, r.dial)
	r.pool.Store(fresh)
	for _, m := range old.members {
		if fresh.named(m.Name) != m {
			m.rest()
		}
	}
}

// route is the home of q when it can be used, otherwise a choice among the rest, of which those with room come
// first; nil when there is none.
func (r *router) route(q *http.Request, refused []*member) *member {
	p := r.pool.Load()
	usable := func(m *member) bool { return !m.down.Load() && !contains(refused, m) }
	if m := p.named(r.affinity.home(q, p, usable, r.now())); m != nil && usable(m) {
		return m
	}
	offered := make([]*member, 0, len(p.members))
	for _, m := range p.members {
		if usable(m) && !m.draining.Load() {
			offered = append(offered, m)
		}
	}
	if roomy := slices.DeleteFunc(slices.Clone(offered), (*member).full); r.limit > 0 && len(roomy) > 0 {
		offered = roomy
	}
	return r.choice.among(offered)
}

func (m *member) full() bool { return m.slots != nil && len(m.slots) == cap(m.slots) }

func contains(list []*member, m *member) bool {
	for _, have := range list {
		if have == m {
			return true
		}
	}
	return false
}
