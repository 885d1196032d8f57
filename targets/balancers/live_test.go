package balancers

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// TestLiveFamilies holds every mechanism to the family that its row promises.
func TestLiveFamilies(t *testing.T) {
	strict := func(_ Row, m Mechanism) bool { return m.Name != "header-bounded" }
	each(t, 4, strict, func(t *testing.T, f *fixture) {
		if f.running.Mechanism.Family == results.NoAffinity {
			if names := homes(t, f, visitor(t, 1), 12); distinct(names) != 4 {
				t.Errorf("without affinity a user saw only %v", names)
			}
			return
		}
		bound(t, f)
		if f.running.Mechanism.Family == results.Stuck {
			stuck(t, f)
			return
		}
		failover(t, f)
	})
}

// TestLiveBoundedHashGivesWay: it leaves the home for load, so most requests are at home, not all.
func TestLiveBoundedHashGivesWay(t *testing.T) {
	each(t, 4, only("haproxy:header-bounded"), func(t *testing.T, f *fixture) {
		away := 0
		for n := range 15 {
			names := homes(t, f, visitor(t, n), 5)
			for _, name := range names {
				if name != names[0] {
					away++
				}
			}
		}
		if away > 15 {
			t.Errorf("%d of 75 requests were away from home", away)
		}
	})
}

// bound: many users stay where they are, and not all in one place.
func bound(t *testing.T, f *fixture) {
	var first []string
	for n := range 15 {
		names := homes(t, f, visitor(t, n), 5)[1:] // the first request may carry nothing to route on
		if distinct(names) != 1 {
			t.Errorf("user %d saw %v", n, names)
		}
		first = append(first, names[0])
	}
	if distinct(first) < 2 {
		t.Errorf("15 users all live on %s", first[0])
	}
}

// failover: what a user sees while the home is down, and when it is back.
func failover(t *testing.T, f *fixture) {
	user := visitor(t, 7)
	home := homes(t, f, user, 3)[2]
	f.instances[home].stop()
	eventually(t, func() bool { name, err := ask(user, f.url); return err == nil && name != home })
	during := homes(t, f, user, 12)
	f.instances[home].start(t)
	if flaps := distinct(during) > 1; flaps != (f.running.Mechanism.Family == results.Flap) {
		t.Errorf("while %s is down the user saw %v; the promise is %q", home, during, f.running.Mechanism.Family)
	}
	if f.running.Mechanism.Family != results.MoveAndStay {
		eventually(t, func() bool { return homes(t, f, user, 1)[0] == home })
	} else {
		inRotation(t, f, home)
	}
	if names := homes(t, f, user, 5); distinct(names) != 1 || (names[0] == home) == (f.running.Mechanism.Family == results.MoveAndStay) {
		t.Errorf("when %s was back, the user on %s saw %v; the promise is %q", home, during[11], names, f.running.Mechanism.Family)
	}
}

// TestLiveStrictCookieMovesTogether: the new home comes from the cookie of the old one, so that all of its users have the same.
func TestLiveStrictCookieMovesTogether(t *testing.T) {
	each(t, 4, only("nghttpx:cookie"), func(t *testing.T, f *fixture) {
		users := map[string][]*http.Client{}
		for n := range 40 {
			user := visitor(t, n)
			home := homes(t, f, user, 1)[0]
			users[home] = append(users[home], user)
		}
		f.instances["b2"].stop()
		var seen []string
		for _, user := range users["b2"] {
			// A request on a kept connection that the instance closes at that moment is answered 502.
			eventually(t, func() bool { _, err := ask(user, f.url); return err == nil })
			seen = append(seen, homes(t, f, user, 1)...)
		}
		if len(seen) < 2 || distinct(seen) != 1 {
			t.Errorf("the users of b2 moved to %v", seen)
		}
	})
}

// stuck: errors and nothing else until the home is back.
func stuck(t *testing.T, f *fixture) {
	user := visitor(t, 7)
	home := homes(t, f, user, 2)[1]
	f.instances[home].stop()
	for range 12 {
		if name, err := ask(user, f.url); err == nil && name != home {
			t.Fatalf("the user left %s for %s; the promise is %q", home, name, results.Stuck)
		}
	}
	f.instances[home].start(t)
	eventually(t, func() bool { name, err := ask(user, f.url); return err == nil && name == home })
}

// inRotation waits until new users come to the instance.
func inRotation(t *testing.T, f *fixture, instance string) {
	t.Helper()
	n := 1000
	eventually(t, func() bool { n++; return homes(t, f, visitor(t, n), 1)[0] == instance })
}

func TestLiveDrain(t *testing.T) {
	keeps := only("haproxy:cookie", "haproxy:cookie-dynamic", "haproxy:stick-table", "haproxy:cookie-prefix", "apache:cookie", "apache:app-cookie", "traefik:cookie", "varnish:cookie")
	each(t, 3, keeps, func(t *testing.T, f *fixture) {
		bound := visitor(t, 1)
		home := homes(t, f, bound, 2)[1]
		running, err := f.running.Drain(t.Context(), home, true)
		if err != nil {
			t.Fatal(err)
		}
		quiet(t, f, home)
		if names := homes(t, f, bound, 3); distinct(append(names, home)) != 1 {
			t.Errorf("the bound user left %s for %v", home, names)
		}
		if _, err := running.Drain(t.Context(), home, false); err != nil {
			t.Fatal(err)
		}
		inRotation(t, f, home)
	})
}

// quiet waits until twelve new users in a row come elsewhere: a graceful restart takes a moment.
func quiet(t *testing.T, f *fixture, instance string) {
	t.Helper()
	user := 100
	eventually(t, func() bool {
		for range 12 {
			if user++; homes(t, f, visitor(t, user), 1)[0] == instance {
				return false
			}
		}
		return true
	})
}

func TestLiveDrainOfUnknownInstanceFails(t *testing.T) {
	each(t, 1, only("haproxy:cookie", "apache:cookie", "traefik:cookie"), func(t *testing.T, f *fixture) {
		if _, err := f.running.Drain(t.Context(), "b9", true); err == nil {
			t.Error("an instance that does not exist was drained")
		}
	})
}

// TestLivePool adds an instance, then takes the user's home away; nobody else moves.
func TestLivePool(t *testing.T) {
	each(t, 2, only("nginx:hash-cookie-consistent", "haproxy:cookie", "apache:cookie", "caddy:cookie", "nghttpx:cookie", "traefik:cookie", "varnish:cookie"), func(t *testing.T, f *fixture) {
		stay, leave := visitor(t, 1), visitor(t, 2)
		kept, home := homes(t, f, stay, 2)[1], homes(t, f, leave, 2)[1]
		for n := 3; kept == home; n++ {
			leave = visitor(t, n)
			home = homes(t, f, leave, 2)[1]
		}
		pool := append(f.running.Params.Instances, f.add(t, "b3"))
		running, err := f.running.Pool(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		n := 200
		eventually(t, func() bool { n++; return homes(t, f, visitor(t, n), 2)[1] == "b3" })
		var left []Instance
		for _, i := range pool {
			if i.Name != home {
				left = append(left, i)
			}
		}
		if _, err := running.Pool(t.Context(), left); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return homes(t, f, leave, 1)[0] != home })
		if f.running.Mechanism.Disruption == none {
			if names := homes(t, f, stay, 3); distinct(append(names, kept)) != 1 {
				t.Errorf("the user on %s saw %v although that instance stayed", kept, names)
			}
		}
	})
}

// TestLiveReloadKeepsBoundUsers covers the mechanisms whose binding is in the client or computed.
func TestLiveReloadKeepsBoundUsers(t *testing.T) {
	each(t, 3, only("nginx:userid", "haproxy:cookie", "haproxy:source", "apache:cookie", "caddy:cookie", "caddy:ip-hash", "nghttpx:cookie", "nghttpx:ip", "traefik:cookie", "traefik:hrw", "varnish:shard-cookie", "lighttpd:sticky"), func(t *testing.T, f *fixture) {
		user := visitor(t, 1)
		home := homes(t, f, user, 2)[1]
		if err := f.running.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if names := homes(t, f, user, 20); distinct(append(names, home)) != 1 {
			t.Errorf("the reload moved the user from %s to %v", home, names)
		}
	})
}

// TestLiveReloadForgetsTheStickTable: haproxy's table dies with the process unless a peer keeps it.
func TestLiveReloadForgetsTheStickTable(t *testing.T) {
	each(t, 3, only("haproxy:stick-table"), func(t *testing.T, f *fixture) {
		if err := f.running.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		answer, err := haproxyOrder(t.Context(), f.running.Params.Socket, "show table be\n")
		if err != nil || !strings.Contains(answer, "used:0") {
			t.Errorf("after the reload the table is %q, %v", answer, err)
		}
	})
}

// TestLivePeersKeepTheTable: a process teaches its successor only once it has stopped waiting for a
// predecessor of its own, which takes haproxy five seconds.
func TestLivePeersKeepTheTable(t *testing.T) {
	each(t, 3, only("haproxy:stick-table-peers"), func(t *testing.T, f *fixture) {
		ask := func(order string) string {
			answer, err := haproxyOrder(t.Context(), f.running.Params.Socket, order+"\n")
			if err != nil {
				t.Fatal(err)
			}
			return answer
		}
		eventually(t, func() bool { return strings.Contains(ask("show peers"), "resync_timeout=<PAST>") })
		user := visitor(t, 1)
		home := homes(t, f, user, 1)[0]
		if err := f.running.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return strings.Contains(ask("show table be"), "used:2") }) // the fixture's own request is there too
		if names := homes(t, f, user, 6); distinct(append(names, home)) != 1 {
			t.Errorf("the reload moved the user from %s to %v", home, names)
		}
	})
}

func TestLiveBadConfigurationChangesNothing(t *testing.T) {
	each(t, 2, only("nginx:ip-hash", "haproxy:cookie", "apache:cookie", "caddy:cookie", "nghttpx:cookie", "varnish:shard-address", "lighttpd:sticky"), func(t *testing.T, f *fixture) {
		broken := f.running
		broken.Params.Listen = "no such address"
		if broken.Row.Name == "varnish" { // whose configuration does not say where it listens
			broken.Params.Instances = []Instance{{Name: "b1", Address: "no such address"}}
		}
		err := broken.Reload(t.Context())
		if err == nil || strings.Contains(err.Error(), "\n") || strings.HasSuffix(strings.TrimSpace(err.Error()), ":") {
			t.Errorf("want a reason in one line, got %v", err)
		}
		homes(t, f, visitor(t, 1), 3)
	})
}

func TestLiveForwardedAddress(t *testing.T) {
	each(t, 4, only("nginx:ip-hash-forwarded"), func(t *testing.T, f *fixture) {
		var seen []string
		for n := range 12 {
			r, err := http.NewRequest(http.MethodGet, f.url, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.9", n*41, n*17))
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body := make([]byte, 2)
			_, _ = answer.Body.Read(body)
			answer.Body.Close()
			seen = append(seen, string(body))
		}
		if distinct(seen) < 2 {
			t.Errorf("twelve forwarded addresses all came to %v", seen)
		}
	})
}
