package lb

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// full is a router of two members that have room for one request each.
func full(mechanism string) *router {
	return newRouter(Options{Mechanism: mechanism, Instances: members(2), MaxConnections: 1, Seed: 1}, time.Now, overTCP)
}

// Whoever is bound to a full instance waits for it, until there is room or he gives up.
func TestTheBoundWaitForTheirHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, first, second, third := full("table"), &trip{}, &trip{}, &trip{}
		r.affinity.bind(http.Header{}, with(applicationCookie, "s"), "b2", time.Now())
		home := r.route(with(applicationCookie, "s"), nil)
		if home.Name != "b2" || first.enter(t.Context(), home) != nil || !home.full() {
			t.Fatalf("the session of b2 is on %s", home.Name)
		}
		if again := r.route(with(applicationCookie, "s"), nil); again != home {
			t.Fatalf("its next request goes to %s because b2 is full", again.Name)
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := third.enter(impatient, home); !errors.Is(err, context.DeadlineExceeded) || third.member != nil {
			t.Fatalf("without room until the user gives up: %v", err)
		}
		time.AfterFunc(time.Second, first.leave)
		start := time.Now()
		if err := second.enter(t.Context(), home); err != nil || time.Since(start) != time.Second {
			t.Fatalf("waited %v (%v), want 1s", time.Since(start), err)
		}
		second.leave()
		if home.full() || home.inFlight.Load() != 0 {
			t.Error("all have left, and it is not empty")
		}
	})
}

// The unbound go where there is room, and anywhere when there is none.
func TestTheUnboundGoWhereThereIsRoom(t *testing.T) {
	r, taken := full("cookie"), &trip{}
	if err := taken.enter(t.Context(), r.pool.Load().named("b1")); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if m := r.route(with("none", ""), nil); m.Name != "b2" {
			t.Fatalf("b1 is full and got a new session")
		}
	}
	if err := (&trip{}).enter(t.Context(), r.pool.Load().named("b2")); err != nil {
		t.Fatal(err)
	}
	if r.route(with("none", ""), nil) == nil {
		t.Error("with all full a new session has nowhere to wait")
	}
}
