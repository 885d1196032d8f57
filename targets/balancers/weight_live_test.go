package balancers

import (
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
		time.AfterFunc(200*time.Millisecond, func() { close(f.instances[home].release) })
		name, err := ask(user, f.url)
		if stayed := name == home; err != nil || stayed != waits(f.running.Row, f.running.Mechanism) {
			t.Errorf("%s is full and the user got %q (%v)", home, name, err)
		}
		<-done
	})
}
