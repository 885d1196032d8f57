package balancers

import (
	"sync"
	"testing"
	"time"
)

// In turn by weight: of 24 new sessions at weights 10, 1 and 1 each gets its share.
func TestLiveWeights(t *testing.T) {
	weigh := func(p *Params) {
		p.Choice, p.Weights = "round-robin", []int{10, 1, 1}
		for i := range p.Instances {
			p.Instances[i].Weight = p.Weights[i]
		}
	}
	eachWith(t, 3, weigh, only("haproxy:cookie", "nginx:round-robin", "apache:cookie", "nghttpx:round-robin"), func(t *testing.T, f *fixture) {
		counts := map[string]int{}
		for n := range 24 {
			counts[homes(t, f, visitor(t, n), 1)[0]]++
		}
		if counts["b1"] < 18 || counts["b1"] > 22 {
			t.Errorf("got %v; want 20 on b1, give or take how the turn began", counts)
		}
	})
}

// TestLiveFullHome holds a user's home at its limit and sends another request of the user.
func TestLiveFullHome(t *testing.T) {
	waits := only("haproxy:cookie", "haproxy:stick-table", "haproxy:source", "haproxy:header-consistent")
	leaves := only("nginx:ip-hash", "nginx:hash-header-consistent", "caddy:cookie", "caddy:ip-hash")
	both := func(r Row, m Mechanism) bool { return waits(r, m) || leaves(r, m) }
	limit := func(p *Params) { p.MaxConnections = 1 }
	eachWith(t, 3, limit, both, func(t *testing.T, f *fixture) {
		user := visitor(t, 7)
		home := homes(t, f, user, 2)[1]
		done := make(chan struct{})
		go func() { defer close(done); _, _ = ask(user, f.url+"/hold") }()
		select {
		case <-f.instances[home].held:
		case <-time.After(5 * time.Second):
			t.Fatalf("%s did not get its user's request", home)
		}
		release := sync.OnceFunc(func() { close(f.instances[home].release) })
		if waits(f.running.Row, f.running.Mechanism) {
			time.AfterFunc(200*time.Millisecond, release)
		}
		name, err := ask(user, f.url)
		release()
		if stayed := name == home; err != nil || stayed != waits(f.running.Row, f.running.Mechanism) {
			t.Errorf("%s is full and the user got %q (%v)", home, name, err)
		}
		<-done
	})
}

// TestLiveFullInstanceGetsNothing: varnish frees a connection a moment after its answer, so that a home may be full of its
// user's last request; whoever is full for long must get nothing.
func TestLiveFullInstanceGetsNothing(t *testing.T) {
	limit := func(p *Params) { p.MaxConnections = 1 }
	eachWith(t, 3, limit, only("varnish:cookie"), func(t *testing.T, f *fixture) {
		done := make(chan struct{})
		go func() { defer close(done); _, _ = ask(visitor(t, 1), f.url+"/hold") }()
		full := ""
		eventually(t, func() bool {
			for name, m := range f.instances {
				if len(m.held) > 0 {
					full = name
				}
			}
			return full != ""
		})
		for n := range 12 {
			eventually(t, func() bool {
				name, err := ask(visitor(t, 100+n), f.url)
				if name == full {
					t.Errorf("%s is full and got a request", full)
				}
				return err == nil
			})
		}
		close(f.instances[full].release)
		<-done
	})
}
