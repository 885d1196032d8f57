package targets

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/targets/balancers"
)

// A fault on one replica is played on that one, and nothing is done to the others.
func TestAFaultOnOneReplicaLeavesTheOthersAlone(t *testing.T) {
	for _, use := range []string{"builtin:round-robin", "haproxy:round-robin", "nginx:round-robin"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, dir := deploy(t, replicated(use, 3, profiles.Fault{Kill: "lb2"}))
			play(t, d, func() bool { return history(t, dir, "lb2") == "down(fault kill)" })
			eventually(t, func() bool { return len(homes(d.URLs()[1])) == 0 })
			for _, n := range []int{0, 2} {
				if got := strings.Join(homes(d.URLs()[n]), " "); got != "b1 b2" {
					t.Errorf("lb%d serves %q", n+1, got)
				}
			}
			d.o.Experiment.Faults = []profiles.Fault{{Start: "lb2"}, {Restart: "lb3"}, {Reload: "lb1"}}
			play(t, d, func() bool {
				return history(t, dir, "lb2") == "down(fault kill) up(recovered)" && history(t, dir, "lb3") == "down(fault terminate) up(recovered)" &&
					history(t, dir, "lb1") == "up(fault reload)" && everyHome(d, "b1 b2")
			})
			if said := d.record.said(); len(said) > 0 {
				t.Error(said)
			}
		})
	}
}

// playAll plays the faults to their end and gives what was noted.
func playAll(t *testing.T, d *Deployment) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d.playFaults(ctx, clock.Now())
	return d.record.said()
}

// What is done to all of them waits for what is done to one, and the reverse, although the names differ.
func TestStepsOnOneReplicaAndOnAllKeepTheirOrder(t *testing.T) {
	d, dir := deploy(t, replicated("builtin:round-robin", 2, profiles.Fault{Terminate: "lb1"}, profiles.Fault{Start: "lb1"}, profiles.Fault{Terminate: "lb"}, profiles.Fault{Start: "lb"}, profiles.Fault{Kill: "lb2"}))
	if said := playAll(t, d); len(said) > 0 {
		t.Error(said)
	}
	const again = "down(fault terminate) up(recovered)"
	if lb1, lb2 := history(t, dir, "lb1"), history(t, dir, "lb2"); lb1 != again+" "+again || lb2 != again+" down(fault kill)" {
		t.Errorf("lb1: %s; lb2: %s", lb1, lb2)
	}
}

// The rest of the balancer does what it is told while one replica is down; who could not is named.
func TestOrdersPassOverADeadReplica(t *testing.T) {
	d, dir := deploy(t, replicated("builtin:round-robin", 2, profiles.Fault{Kill: "lb1"}, profiles.Fault{Drain: "b1"}, profiles.Fault{Add: "b3"}))
	if said := playAll(t, d); len(said) > 0 {
		t.Error(said)
	}
	eventually(t, func() bool { return strings.Join(homes(d.URLs()[1]), " ") == "b2 b3" })
	d.o.Experiment.Faults = []profiles.Fault{{Reload: "lb"}}
	if said := playAll(t, d); !slices.Equal(said, []string{"fault at 0s: reload lb: lb1: it is not running"}) {
		t.Errorf("noted %q", said)
	}
	if lb1, lb2 := history(t, dir, "lb1"), history(t, dir, "lb2"); lb1 != "down(fault kill)" || lb2 != "up(fault reload)" {
		t.Errorf("lb1: %s; lb2: %s", lb1, lb2)
	}
	d.o.Experiment.Faults = []profiles.Fault{{Kill: "lb2"}}
	playAll(t, d)
	d.o.Experiment.Faults = []profiles.Fault{{Undrain: "b1"}}
	if said := playAll(t, d); said[len(said)-1] != "fault at 0s: undrain b1: the balancer is down" || !strings.HasSuffix(history(t, dir, "b1"), "draining(fault drain)") {
		t.Errorf("noted %q of b1: %s", said, history(t, dir, "b1"))
	}
}

// What was logged before stays: HAProxy takes the mode of appending from the file that it is given.
func TestTheLogOutlivesItsWriter(t *testing.T) {
	for _, use := range []string{"builtin:cookie", "haproxy:cookie", "nginx:ip-hash", "apache:cookie", "nghttpx:cookie"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			e := replicated(use, 2, profiles.Fault{Restart: "lb1"})
			e.Balancer.Log = true
			d, dir := deploy(t, e)
			path := filepath.Join(dir.Path(), "lb1", balancers.AccessFile)
			lines := func() string {
				text, _ := os.ReadFile(path)
				return string(text)
			}
			homes(d.URLs()[0] + "/before")
			eventually(t, func() bool { return strings.Count(lines(), "/before") == 4 })
			if said := playAll(t, d); len(said) > 0 {
				t.Error(said)
			}
			homes(d.URLs()[0] + "/after")
			eventually(t, func() bool { return strings.Count(lines(), "/after") == 4 })
			if strings.Count(lines(), "/before") != 4 {
				t.Errorf("logged at last: %s", lines())
			}
		})
	}
}

// The number in the file of a killed Apache may be another process's meanwhile, or that of one which nobody has reaped.
func TestAKilledApacheStartsBesideItsOldNumber(t *testing.T) {
	needs(t, "apache:cookie")
	d, dir := deploy(t, experiment("apache:cookie", profiles.Fault{Kill: "lb"}))
	playAll(t, d)
	if err := os.WriteFile(filepath.Join(dir.Path(), "lb", "httpd.pid"), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.o.Experiment.Faults = []profiles.Fault{{Start: "lb"}}
	if said := playAll(t, d); len(said) > 0 || history(t, dir, "lb") != "down(fault kill) up(recovered)" {
		t.Errorf("noted %q: %s", said, history(t, dir, "lb"))
	}
}
