package lb

import (
	"hash/fnv"
	"net/http"
	"strings"
	"time"
)

// The worlds in which faults show.
func (w world) with(events ...event) world { w.events = events; return w }

func outage(what, back string) []event {
	return []event{{4 * time.Second, what, "b2"}, {9 * time.Second, back, "b2"}}
}

func lasting(w world, ttl, idle time.Duration) world { w.ttl, w.idle = ttl, idle; return w }

func crowded(w world) world { w.parallel = 4; return w }

func reconnecting(w world) world { w.perRequest = true; return w }

func travelling(w world) world { w.moves = true; return w }

// mistakes are the seeded faults. The session count of each world is what the table states.
func mistakes() []seeded {
	var all []seeded
	for _, some := range [][]seeded{reroutes(), conditional(), markers(), lifetimes(), replicas(), failures(), deliveries(), spreads()} {
		all = append(all, some...)
	}
	return all
}

func reroutes() []seeded {
	row := func(about string, p float64, sessions int) seeded {
		return seeded{name: "reroute " + about, about: "each follow-up request goes elsewhere with that probability", want: "switch",
			world: steady("cookie", sessions), affinity: misrouted(randomly(p))}
	}
	return []seeded{row("1", 1, 10), row("0.1", 0.1, 20), row("0.01", 0.01, 120), row("0.001", 0.001, 1200), row("0.0001", 0.0001, 10_000)}
}

// conditional mistakes show for some requests only.
func conditional() []seeded {
	row := func(name, about string, w world, when func(*sim, *http.Request) bool) seeded {
		return seeded{name: name, about: about, want: "switch", world: w, affinity: misrouted(when)}
	}
	ordinary := steady("cookie", 60)
	return []seeded{
		row("one path", "only /item/7 is routed without its marker", ordinary, func(_ *sim, q *http.Request) bool { return q.URL.Path == "/item/7" }),
		row("one method", "only POST is routed without its marker", ordinary, func(_ *sim, q *http.Request) bool { return q.Method == http.MethodPost }),
		row("after 300 requests", "right at first, then one in ten goes elsewhere", ordinary, func(s *sim, _ *http.Request) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return len(s.exchanges) >= 300 && s.rng.Float64() < 0.1
		}),
		row("under concurrency", "elsewhere when four requests are inside at once", crowded(ordinary), func(s *sim, _ *http.Request) bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.flying >= 4 && s.rng.Float64() < 0.5
		}),
		row("after a reload", "one in ten goes elsewhere once the configuration was read again", ordinary.with(event{4 * time.Second, "reload", "b1"}),
			func(s *sim, _ *http.Request) bool {
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.reloads > 0 && s.rng.Float64() < 0.1
			}),
		row("one user in fifty", "the addresses of some users are never bound", steady("cookie", 400), func(_ *sim, q *http.Request) bool {
			host, _, _ := strings.Cut(q.RemoteAddr, ":")
			return hash(host)%50 == 0
		}),
		row("phantom outage", "half a second in two, b1 is thought to be out", ordinary, func(s *sim, q *http.Request) bool {
			return now().Sub(s.start)%(2*time.Second) < time.Second/2 && s.routers[0].affinity.(tampered).affinity.home(q, s.routers[0].pool.Load(), nil, time.Now()) == "b1"
		}),
	}
}

func markers() []seeded {
	ordinary := steady("cookie", 40)
	return []seeded{
		{name: "marker stripped", about: "no answer carries the balancer's cookie", want: "switch", world: ordinary, handler: strippedMarker(randomly(1))},
		{name: "marker stripped at times", about: "one answer in ten loses the balancer's cookie", want: "switch", world: steady("cookie", 100), handler: strippedMarker(randomly(0.1))},
		{name: "marker swapped", about: "the cookie names another instance than the one that answered", want: "switch", world: ordinary,
			affinity: bound(func(s *sim, right affinity, h http.Header, q *http.Request, instance string, now time.Time) {
				if !bears(q) {
					instance = other(s, s.routers[0].pool.Load(), instance)
				}
				right.bind(h, q, instance, now)
			})},
		{name: "marker never re-issued", about: "after a failover the old cookie stays", want: "flap", world: ordinary.with(outage("kill", "start")...),
			affinity: writtenOnce},
		{name: "first answer unbound", about: "the cookie comes with the second answer only", want: "switch", world: ordinary,
			affinity: bound(func(_ *sim, right affinity, h http.Header, q *http.Request, instance string, now time.Time) {
				if session(q) != "" {
					right.bind(h, q, instance, now)
				}
			})},
		{name: "marker churn", about: "each answer carries a new cookie value", want: "churn", world: steady("cookie", 10),
			affinity: bound(func(_ *sim, right affinity, h http.Header, _ *http.Request, instance string, now time.Time) {
				right.bind(h, &http.Request{Header: http.Header{}}, instance, now)
			})},
		{name: "key changes on reload", about: "after a reload old cookies are not understood", want: "switch", world: ordinary.with(event{4 * time.Second, "reload", "b1"}),
			affinity: func(s *sim, _ *router, right affinity) affinity {
				fresh := newCookie(Options{Seed: s.seed + 1})
				of := func() affinity {
					s.mu.Lock()
					defer s.mu.Unlock()
					if s.reloads > 0 {
						return fresh
					}
					return right
				}
				return tampered{affinity: right,
					homes: func(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
						return of().home(q, p, usable, now)
					},
					binds: func(h http.Header, q *http.Request, instance string, now time.Time) { of().bind(h, q, instance, now) }}
			}},
		{name: "address for a cookie", about: "promises a cookie, routes on the address", want: "switch", world: travelling(ordinary),
			options: func(o *Options, _ int) { o.Mechanism = "ip-hash" }},
		{name: "per connection", about: "binds the connection, not the session", want: "switch", world: reconnecting(ordinary), affinity: homed(byConnection)},
		{name: "per kept connection", about: "the same, and shows only when an idle connection was closed", want: "switch", world: lasting(ordinary, 0, 8*time.Second), affinity: homed(byConnection)},
		{name: "key cut short", about: "the table knows the first digit of a session's id", want: "switch", world: steady("table", 40), affinity: cutShort},
	}
}

func byConnection(_ *sim, _ affinity, q *http.Request, p *pool, usable func(*member) bool, _ time.Time) string {
	h := fnv.New64a()
	h.Write([]byte(q.RemoteAddr))
	n := mix(h.Sum64()) % uint64(len(p.members))
	if m := p.members[n]; usable(m) {
		return m.Name
	}
	return ""
}

// cutShort lets the table see one digit of the session's id.
func cutShort(_ *sim, _ *router, right affinity) affinity {
	short := func(q *http.Request) *http.Request {
		id := session(q)
		if id == "" {
			return q
		}
		cut := q.Clone(q.Context())
		cut.Header.Set("Cookie", applicationCookie+"="+id[:1])
		return cut
	}
	return tampered{affinity: right,
		homes: func(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
			return right.home(short(q), p, usable, now)
		},
		binds: func(h http.Header, q *http.Request, instance string, now time.Time) {
			right.bind(http.Header{}, short(q), instance, now)
		}}
}

func lifetimes() []seeded {
	const ttl = 6 * time.Second
	return []seeded{
		{name: "absolute for sliding", about: "ends active sessions when the marker is old", want: "switch", world: lasting(steady("cookie", 40), ttl/2, 0), options: func(o *Options, _ int) { o.Absolute = true }},
		{name: "lifetime ignored", about: "the marker holds for ever", want: "overstay", world: lasting(steady("cookie", 40), ttl, 10*time.Second), options: func(o *Options, _ int) { o.TTL = 0 }},
		{name: "lifetime doubled", about: "the marker holds twice as long as promised", want: "overstay", world: lasting(steady("cookie", 40), ttl, 8*time.Second), options: func(o *Options, _ int) { o.TTL *= 2 }},
		{name: "lifetime halved", about: "an idle session is let go too early", want: "switch", world: lasting(steady("cookie", 40), ttl, 7*time.Second/2), options: func(o *Options, _ int) { o.TTL /= 2 }},
		{name: "lifetime in the past", about: "the marker is expired when it is issued", want: "switch", world: lasting(steady("cookie", 40), ttl, 0),
			affinity: bound(func(_ *sim, right affinity, h http.Header, q *http.Request, instance string, now time.Time) {
				right.bind(h, q, instance, now.Add(-2*ttl))
			})},
		{name: "table too small", about: "the oldest of ten entries makes room", want: "switch", world: steady("table", 60),
			affinity: func(_ *sim, _ *router, right affinity) affinity { right.(*table).limit = 10; return right }},
		{name: "stale table", about: "an entry is never written again", want: "flap", world: steady("table", 60).with(outage("kill", "start")...),
			affinity: bound(func(s *sim, right affinity, h http.Header, q *http.Request, instance string, now time.Time) {
				if session(q) == "" {
					right.bind(h, q, instance, now)
				}
			})},
	}
}

func replicas() []seeded {
	return []seeded{
		{name: "replicas with two keys", about: "each of two replicas understands its own cookies only", want: "switch", replicas: 2, world: steady("cookie", 20),
			options: func(o *Options, replica int) { o.Seed += uint64(replica) }},
		{name: "replicas with two tables", about: "two replicas do not tell each other what they learn", want: "switch", replicas: 2, world: steady("table", 20)},
		{name: "replicas with two orders", about: "two replicas hash over lists in different order", want: "switch", replicas: 2, world: steady("ip-hash", 20),
			options: func(o *Options, replica int) {
				if replica > 0 {
					o.Instances = append(o.Instances[1:len(o.Instances):len(o.Instances)], o.Instances[0])
				}
			}},
		{name: "one replica is blind", about: "one of two replicas does not know b3", want: "switch", replicas: 2, world: steady("cookie", 40),
			options: func(o *Options, replica int) {
				if replica > 0 {
					o.Instances = append(o.Instances[:2:2], o.Instances[3:]...)
				}
			}},
	}
}

func failures() []seeded {
	crash := steady("cookie", 60).with(outage("kill", "start")...)
	drain := steady("cookie", 100).with(event{3 * time.Second, "drain", "b2"}, event{9 * time.Second, "undrain", "b2"})
	return []seeded{
		{name: "zombie pin", about: "a frozen home is never left", want: "zombie", blind: true, world: steady("cookie", 40).with(event{4 * time.Second, "freeze", "b2"})},
		{name: "no failover", about: "a refused connection is an answer 502", want: "zombie", blind: true, world: crash, dial: func(i *instance) http.RoundTripper { return unretried{i} }},
		{name: "503 is success", about: "a home that answers 503 to everything is never left", want: "zombie", blind: true, world: steady("cookie", 40).with(outage("error", "heal")...)},
		{name: "comes home", about: "promises to stay on the new home, and goes back", want: "switch", world: crash, affinity: homesick},
		{name: "collateral", about: "while one instance is out, nobody is bound", want: "switch", world: crash, affinity: homed(func(_ *sim, right affinity, q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
			if p.named("b2").down.Load() {
				return ""
			}
			return right.home(q, p, usable, now)
		})},
		{name: "modulo for consistent", about: "promises a consistent hash, and re-hashes modulo when the list grows", want: "excess", world: steady("consistent-hash", 160).with(event{6 * time.Second, "add", "b5"}),
			options: func(o *Options, _ int) { o.Mechanism = "ip-hash" }},
		{name: "new instance ignored", about: "an instance that joins gets no session", want: "starved", world: steady("cookie", 200).with(event{2 * time.Second, "add", "b5"}),
			affinity: placed(func(s *sim, p *pool, _ time.Time) string { return other(s, p, "b5") })},
		{name: "drain kicks", about: "a drain lets the bound sessions go", want: "switch", world: drain, affinity: homed(func(_ *sim, right affinity, q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
			home := right.home(q, p, usable, now)
			if m := p.named(home); m != nil && m.draining.Load() {
				return ""
			}
			return home
		})},
		{name: "drain ignored", about: "a draining instance goes on to get new sessions", want: "drain", world: drain, affinity: placed(func(s *sim, p *pool, _ time.Time) string { return other(s, p, "") })},
	}
}

// homesick remembers the first home of each session for ever.
func homesick(s *sim, _ *router, right affinity) affinity {
	first := map[string]string{}
	return tampered{affinity: right, homes: func(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
		home := right.home(q, p, usable, now)
		s.mu.Lock()
		defer s.mu.Unlock()
		id := session(q)
		if id != "" && first[id] == "" {
			first[id] = home
		}
		if m := p.named(first[id]); m != nil && usable(m) {
			return m.Name
		}
		return home
	}}
}

func deliveries() []seeded {
	few := steady("cookie", 20)
	return []seeded{
		{name: "POST repeated", about: "each POST is delivered twice", want: "duplicate", world: few, handler: repeated(func(*http.Request) {})},
		{name: "POST repeated elsewhere", about: "each POST is delivered again without its marker", want: "duplicate", world: few,
			handler: repeated(func(q *http.Request) { q.Header.Set("Cookie", applicationCookie+"="+session(q)) })},
		{name: "answers cached", about: "a GET is answered from a cache of the session's answers", want: "stale", world: few, handler: cached(session, 10*time.Second)},
		{name: "Set-Cookie cached", about: "a first GET is answered with another session's cookies", want: "leak", world: few,
			handler: cached(func(q *http.Request) string {
				if session(q) == "" {
					return "first"
				}
				return ""
			}, 10*time.Second)},
		{name: "cache without its key", about: "answers are cached by path, for everybody", want: "leak", world: few, handler: cached(func(q *http.Request) string { return q.URL.Path }, time.Second)},
	}
}

func spreads() []seeded {
	row := func(name, about string, sessions int, where func(*sim, *pool, time.Time) string) seeded {
		return seeded{name: name, about: about, want: "skew", world: steady("cookie", sessions), affinity: placed(where)}
	}
	return []seeded{
		row("biased spread", "three new sessions in ten go to b1, the others anywhere", 200, func(s *sim, _ *pool, _ time.Time) string {
			if s.chance(0.3) {
				return "b1"
			}
			return ""
		}),
		row("growing bias", "a share that grows to six in ten goes to b1", 300, func(s *sim, _ *pool, _ time.Time) string {
			if s.chance(0.6 * now().Sub(s.start).Seconds() / 10) {
				return "b1"
			}
			return ""
		}),
		row("starved instance", "b4 gets no new session", 150, func(s *sim, p *pool, _ time.Time) string { return other(s, p, "b4") }),
		row("hot instance", "every new session goes to b1", 20, func(*sim, *pool, time.Time) string { return "b1" }),
	}
}
