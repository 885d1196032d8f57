package targets

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// tiered is two replicas behind a front.
func tiered(use string, front profiles.Front, faults ...profiles.Fault) *profiles.Experiment {
	e := replicated(use, 2, faults...)
	e.Balancer.Front = &front
	return e
}

// visitor keeps cookies, but loses one of the balancers' before each request, and tells an address if it has one.
type visitor struct {
	cookies map[string]*http.Cookie
	loses   string
	address string
}

// sees lists the instances that answer so many requests.
func (v *visitor) sees(t *testing.T, url string, requests int) (names []string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range requests {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if v.address != "" {
			q.Header.Set("X-Forwarded-For", v.address)
		}
		delete(v.cookies, v.loses)
		for _, c := range v.cookies {
			q.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		answer, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", url, answer.Status)
		}
		for _, c := range answer.Cookies() {
			v.cookies[c.Name] = c
		}
		names = append(names, answer.Header.Get(wire.HeaderInstance))
	}
	return names
}

// crowd asks as new visitors, a few times each, and counts those that moved and the instances that they came to.
func crowd(t *testing.T, d *Deployment, loses string) (moved int, all []string) {
	t.Helper()
	for range 12 {
		v := &visitor{cookies: map[string]*http.Cookie{}, loses: loses}
		names := v.sees(t, d.URLs()[0], 5)
		if slices.Contains(names, "") || len(slices.Compact(slices.Clone(names))) > 1 {
			moved++
		}
		all = append(all, names...)
	}
	slices.Sort(all)
	return moved, slices.Compact(all)
}

// crowds are enough for nginx too, which hashes names that resemble one another.
const crowds = 30

func someMove(t *testing.T, d *Deployment, loses string) bool {
	t.Helper()
	for range crowds {
		if moved, _ := crowd(t, d, loses); moved > 0 {
			return true
		}
	}
	return false
}

// markers are the mechanisms of every balancer with a cookie of its own.
var markers = []string{"builtin:cookie", "haproxy:cookie", "nginx:userid", "apache:cookie", "caddy:cookie", "nghttpx:cookie", "varnish:cookie"}

// The front finds its replica by its cookie and that one its instance by the other.
func TestEachTierRoutesByItsOwnCookie(t *testing.T) {
	for _, use := range markers {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, _ := deploy(t, tiered(use, profiles.Front{Cookie: "SBFRONT"}))
			own := d.lead().mechanism.Cookie
			if moved, _ := crowd(t, d, "SBFRONT"); moved > 0 {
				t.Errorf("%d clients moved that had kept %s, which all replicas understand", moved, own)
			}
			if !someMove(t, d, own) {
				t.Errorf("nobody moved without %s", own)
			}
			// With an instance for each replica, its name is that of the replica.
			for n, b := range d.replicas {
				if err := b.apply(t.Context(), d.seen(b)[n:n+1]); err != nil {
					t.Fatal(err)
				}
				eventually(t, func() bool { return slices.Equal(homes(b.url), []string{profiles.InstanceName(n)}) })
			}
			var seen []string
			eventually(t, func() bool { // an old worker may serve the front's kept connections for a moment
				moved, all := crowd(t, d, own)
				seen = slices.Compact(slices.Sorted(slices.Values(append(seen, all...))))
				return moved == 0 && len(seen) == 2
			})
		})
	}
}

// A client holds one cookie of a name, and what one tier wrote the other cannot read. Nginx can: it hashes any.
func TestTwoTiersWithOneNameBreak(t *testing.T) {
	for _, use := range []string{"builtin:cookie", "haproxy:cookie", "apache:cookie", "caddy:cookie", "nghttpx:cookie"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, _ := deploy(t, tiered(use, profiles.Front{}))
			if moved, _ := crowd(t, d, ""); moved == 0 {
				t.Error("nobody moved")
			}
			var run results.Run
			d.Describe(&run)
			if want := "both tiers call their cookie " + run.Mechanism.Cookie; !slices.ContainsFunc(run.Warnings, func(text string) bool { return strings.HasPrefix(text, want) }) {
				t.Errorf("no warning %q in %q", want, run.Warnings)
			}
		})
	}
}

// The checks of every front pass through every replica, and go on doing so.
func TestReplicasPassTheChecksOfAnyFront(t *testing.T) {
	for _, front := range markers {
		for _, use := range []string{"haproxy:cookie", "nginx:userid"} {
			t.Run(strings.ReplaceAll(front+"-"+use, ":", "-"), func(t *testing.T) {
				needs(t, front)
				needs(t, use)
				e := tiered(use, profiles.Front{Use: front, Cookie: "SBFRONT"})
				e.Balancer.Health.Interval = at(e.Scale(profiles.Duration(e.Balancer.Health.Interval)) / 2)
				d, _ := deploy(t, e)
				crowd(t, d, "")
			})
		}
	}
}

func TestAFrontIsDescribedAndSampled(t *testing.T) {
	e := tiered("haproxy:stick-table", profiles.Front{Use: "builtin:cookie", Cookie: "SBFRONT"})
	needs(t, e.Balancer.Use)
	d, dir := deploy(t, e)
	var run results.Run
	d.Describe(&run)
	f := run.Front
	if f == nil || f.LB != "builtin" || f.Mechanism.Cookie != "SBFRONT" || len(f.Replicas) != 2 || f.Replicas[1].Name != "lb2" || f.Replicas[1].URL != d.replicas[1].url {
		t.Errorf("front %+v", f)
	}
	if run.LB != "haproxy" || run.Mechanism.Name != "stick-table" || run.Mechanism.Cookie != "" || len(run.Replicas) > 0 || len(run.Warnings) > 0 {
		t.Errorf("described %+v", run)
	}
	if urls := d.URLs(); len(urls) != 1 || urls[0] != f.URL {
		t.Errorf("users come to %v", urls)
	}
	play(t, d, func() bool { return sampled(dir, "front") && sampled(dir, "lb1") && sampled(dir, "lb2") })
}

func TestAFrontFailsAndReloads(t *testing.T) {
	for _, use := range []string{"builtin:round-robin", "haproxy:round-robin"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, dir := deploy(t, tiered(use, profiles.Front{}, profiles.Fault{Restart: "front"}, profiles.Fault{Reload: "front"}, profiles.Fault{Replace: "b1", With: "b3"}))
			play(t, d, func() bool {
				return history(t, dir, "front") == "down(fault terminate) up(recovered) up(fault reload)" && everyHome(d, "b2 b3")
			})
			if lb, said := history(t, dir, "lb1"), d.record.said(); lb != "" || len(said) > 0 {
				t.Errorf("lb1: %s; said %q", lb, said)
			}
		})
	}
}

func TestAFrontThatCannotStartLeavesNothing(t *testing.T) {
	refused(t, tiered("builtin:cookie", profiles.Front{Use: `exec:sh -c 'echo no licence >&2; exit 3'`}), "exited with exit status 3: no licence")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := tiered("builtin:cookie", profiles.Front{})
	e.Balancer.Listen = l.Addr().String()
	refused(t, e, "lb.listen: "+l.Addr().String()+" cannot be used")
}

// Users come to the address that is asked for; the replicas are elsewhere.
func TestAFrontListensForUsers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := tiered("builtin:cookie", profiles.Front{})
	e.Balancer.Listen = l.Addr().String()
	l.Close()
	if d, _ := deploy(t, e); d.URLs()[0] != "http://"+e.Balancer.Listen {
		t.Errorf("users come to %v, not to %s", d.URLs(), e.Balancer.Listen)
	}
}

func TestCheckOfTwoTiers(t *testing.T) {
	type change func(*profiles.Experiment)
	forwarded := func(e *profiles.Experiment) { e.Load.ClientAddress.Via = profiles.ViaForwarded }
	http2 := func(e *profiles.Experiment) { e.Load.Protocol = profiles.HTTP2 }
	for _, c := range []struct {
		use    string
		front  profiles.Front
		change change
		want   string // empty = it can be done
	}{
		{"builtin:cookie", profiles.Front{Use: "haporxy:cookie"}, nil, `lb.front.use: "haporxy" is no known balancer; use one of nginx, haproxy, apache, caddy, nghttpx, traefik, envoy, varnish, lighttpd, exec, or builtin:cookie`},
		{"haproxy:cookie", profiles.Front{Use: "builtin:nonsense"}, nil, `lb.front.use: builtin has no mechanism "nonsense"; use one of builtin:cookie, builtin:table, builtin:ip-hash, builtin:consistent-hash, builtin:round-robin`},
		{"nginx:ip-hash", profiles.Front{Cookie: "X"}, nil, "lb.front.cookie: nginx:ip-hash makes no cookie of its own that could have another name; leave it out, or use builtin:cookie or haproxy:cookie"},
		{"builtin:cookie", profiles.Front{Use: "builtin:table", Cookie: "X"}, nil, "lb.front.cookie: builtin:table makes no cookie of its own that could have another name; leave it out, or use builtin:cookie or haproxy:cookie"},
		{"builtin", profiles.Front{Cookie: "X"}, nil, ""},
		{"nginx:ip-hash", profiles.Front{Use: "apache:cookie", Cookie: "X"}, nil, ""},
		{"haproxy:cookie", profiles.Front{Use: "caddy:ip-hash"}, forwarded, "load.client_address.via: caddy's ip_hash minds the connection's address only; use caddy:client-ip-hash, or proxy-v2"},
		{"nginx:ip-hash", profiles.Front{Use: "haproxy:cookie"}, http2, ""},
		{"haproxy:cookie", profiles.Front{Use: "nginx:ip-hash"}, http2, "load.protocol: nginx as it is set up here takes no HTTP/2 without TLS; use builtin or haproxy, or an https:// lb.url"},
		{"haproxy:cookie", profiles.Front{Use: "exec:x {listen}"}, func(e *profiles.Experiment) { e.Faults = []profiles.Fault{{Reload: "front"}} },
			"faults[0]: reload front: exec cannot be reloaded here; use nginx:ip-hash or builtin:cookie, or restart front"},
		{"haproxy:cookie", profiles.Front{Use: "exec:x {listen}"}, func(e *profiles.Experiment) { e.Faults = []profiles.Fault{{Reload: "lb"}, {Drain: "b1"}} }, ""},
		{"caddy:cookie", profiles.Front{Use: "haproxy:cookie"}, func(e *profiles.Experiment) { e.Backends.Weights = []profiles.Weight{1, 2} },
			"backends.weights: caddy's affinity mechanisms know no weights; use haproxy:cookie, nginx:ip-hash or builtin:cookie, or leave them out"},
		{"haproxy:cookie", profiles.Front{Use: "exec:x {listen} {backends}"}, func(e *profiles.Experiment) {
			e.Backends.Weights, e.Balancer.Log, e.Backends.MaxConnections = []profiles.Weight{1, 2}, true, 4
		}, ""},
	} {
		e := tiered(c.use, c.front)
		if c.change != nil {
			c.change(e)
		}
		if err := Check(e); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s behind %+v: got %v\nwant %s", c.use, c.front, err, c.want)
		}
	}
}

// Header mechanisms get their header, whichever tier they are in.
func TestEitherTierRoutesOnTheUserHeader(t *testing.T) {
	for _, e := range []*profiles.Experiment{tiered("haproxy:header", profiles.Front{Use: "builtin:cookie"}), tiered("builtin:cookie", profiles.Front{Use: "haproxy:header"})} {
		if got := UserHeader(e); got != profiles.UserHeader {
			t.Errorf("%s behind %s: %q", e.Balancer.Use, e.Balancer.Front.Use, got)
		}
	}
}

// A PROXY header is for the front alone.
func TestAProxyHeaderEndsAtTheFront(t *testing.T) {
	for _, use := range []string{"builtin:cookie", "haproxy:cookie", "nginx:userid", "nghttpx:cookie"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			e := tiered(use, profiles.Front{})
			e.Load.ClientAddress.Via = profiles.ViaProxy2
			d, _ := deploy(t, e)
			told := newProbe(profiles.ViaProxy2)
			defer told.close()
			for url, c := range map[string]control{d.front.url: told, d.lead().url: d.control} {
				if _, err := c.do(t.Context(), questionTimeout, http.MethodGet, url, nil); err != nil {
					t.Error(err)
				}
			}
			if _, err := told.do(t.Context(), questionTimeout, http.MethodGet, d.lead().url, nil); err == nil {
				t.Error("a replica takes a PROXY header")
			}
		})
	}
}

// By default replicas see the address of the front; what clients say of theirs is passed on where it is believed.
func TestReplicasSeeTheAddressOfTheFront(t *testing.T) {
	for _, front := range []string{"builtin:ip-hash", "haproxy:cookie", "nginx:ip-hash", "apache:cookie", "nghttpx:cookie"} {
		for via, many := range map[string]bool{"": false, profiles.ViaForwarded: true} {
			t.Run(strings.ReplaceAll(front+"-"+via, ":", "-"), func(t *testing.T) {
				needs(t, front)
				e := tiered("builtin:ip-hash", profiles.Front{Use: front})
				e.Load.ClientAddress.Via = via
				d, _ := deploy(t, e)
				var all []string
				for n := range 16 {
					v := &visitor{cookies: map[string]*http.Cookie{}, address: fmt.Sprintf("10.%d.%d.7", n*37%250, n*91%250)}
					all = append(all, v.sees(t, d.URLs()[0], 1)...)
				}
				slices.Sort(all)
				if all = slices.Compact(all); len(all) > 1 != many {
					t.Errorf("16 addresses came to %v", all)
				}
			})
		}
	}
}
