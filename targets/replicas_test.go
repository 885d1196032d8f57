package targets

import (
	"slices"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func replicated(use string, replicas int, faults ...profiles.Fault) *profiles.Experiment {
	e := experiment(use, faults...)
	e.Balancer.Replicas = replicas
	return e
}

// everyHome says whether all replicas send a few clients to these instances.
func everyHome(d *Deployment, want string) bool {
	return !slices.ContainsFunc(d.URLs(), func(url string) bool { return strings.Join(homes(url), " ") != want })
}

// What is done to the balancer or to its pool is done to every replica.
func TestOrdersReachEveryReplica(t *testing.T) {
	for _, use := range []string{"builtin:round-robin", "haproxy:round-robin", "nginx:round-robin", "nghttpx:round-robin"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			e := replicated(use, 3, profiles.Fault{Replace: "b1", With: "b3"})
			d, dir := deploy(t, e)
			if !everyHome(d, "b1 b2") {
				t.Error("not every replica serves both instances")
			}
			play(t, d, func() bool { return everyHome(d, "b2 b3") })
			e.Faults = []profiles.Fault{{Reload: "lb"}, {Restart: "lb"}}
			play(t, d, func() bool {
				return strings.HasSuffix(history(t, dir, "lb3"), "up(recovered)") && everyHome(d, "b2 b3")
			})
			for _, name := range []string{"lb1", "lb2", "lb3"} {
				if got := history(t, dir, name); got != "up(fault reload) down(fault terminate) up(recovered)" {
					t.Errorf("%s: %s", name, got)
				}
			}
			var run results.Run
			d.Describe(&run)
			if len(run.Replicas) != 3 || run.Replicas[2].Name != "lb3" || run.Replicas[2].URL != d.URLs()[2] || len(run.Warnings) > 0 {
				t.Errorf("described %+v, warnings %q", run.Replicas, run.Warnings)
			}
		})
	}
}

func TestADrainReachesEveryReplica(t *testing.T) {
	d, _ := deploy(t, replicated("builtin:round-robin", 2, profiles.Fault{Drain: "b1"}))
	play(t, d, func() bool { return everyHome(d, "b2") })
}

// One replica loses an instance and finds it again; the other, and the instance, notice nothing.
func TestOneReplicaIsBlindToOneInstance(t *testing.T) {
	for _, use := range []string{"builtin:round-robin", "haproxy:round-robin", "nginx:round-robin"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, dir := deploy(t, replicated(use, 2))
			step := profiles.Event{Action: "blind", Target: "b2", Replica: 2}
			order := func() {
				t.Helper()
				if err := d.blind(t.Context(), d.named("b2"), step); err != nil {
					t.Fatal(err)
				}
			}
			order()
			eventually(t, func() bool { return strings.Join(homes(d.URLs()[1]), " ") == "b1" })
			if got := strings.Join(homes(d.URLs()[0]), " "); got != "b1 b2" {
				t.Errorf("the other replica serves %s", got)
			}
			if err := d.blind(t.Context(), d.named("b2"), step); err == nil {
				t.Error("blind twice")
			}
			step.End = true
			order()
			eventually(t, func() bool { return strings.Join(homes(d.URLs()[1]), " ") == "b1 b2" })
			if got := history(t, dir, "lb2"); got != "blind(fault blind to b2) up(fault blind to b2 ended)" {
				t.Errorf("lb2: %s", got)
			}
			if lb1, b2 := history(t, dir, "lb1"), history(t, dir, "b2"); lb1 != "" || b2 != "starting(start) up(start)" {
				t.Errorf("lb1: %s; b2: %s", lb1, b2)
			}
		})
	}
}

// A restart does not heal the link, nor does a change of the pool.
func TestBlindnessOutlivesARestart(t *testing.T) {
	d, _ := deploy(t, replicated("builtin:round-robin", 2, profiles.Fault{Blind: "b2", Replica: 1}, profiles.Fault{Restart: "lb"}, profiles.Fault{Add: "b3"}))
	play(t, d, func() bool {
		return strings.Join(homes(d.URLs()[0]), " ") == "b1 b3" && strings.Join(homes(d.URLs()[1]), " ") == "b1 b2 b3"
	})
}

func TestBlindnessNeedsAReload(t *testing.T) {
	e := replicated("exec:x {listen}", 2, profiles.Fault{Blind: "b2", Replica: 1})
	const want = "faults[0]: blind b2: exec cannot be reloaded here; use nginx:ip-hash or builtin:cookie, or restart lb"
	if err := Check(e); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}
