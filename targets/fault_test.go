package targets

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// Every fault, with real processes: what the records say of b2 (or of the balancer), and what a
// client of b2 sees while it holds.
func TestFaultsHappenAndAreRecorded(t *testing.T) {
	const soon = profiles.Duration(time.Millisecond)
	const healthy = "starting(start) up(start)"
	for name, c := range map[string]struct {
		fault profiles.Fault
		then  profiles.Fault // when given, played afterwards
		of    string
		want  string
		seen  string // by a client of b2 before then; empty = not asked
	}{
		"terminate": {fault: profiles.Fault{Terminate: "b2"}, want: healthy + " down(fault terminate)", seen: "refused"},
		"restart":   {fault: profiles.Fault{Restart: "b2", For: soon}, want: healthy + " down(fault terminate) starting(fault start) up(recovered)", seen: "200"},
		"reset":     {fault: profiles.Fault{Reset: "b2"}, then: profiles.Fault{Heal: "b2"}, want: healthy + " failing(fault reset) up(recovered)", seen: "reset"},
		"error":     {fault: profiles.Fault{Error: "b2"}, then: profiles.Fault{Heal: "all"}, want: healthy + " failing(fault error) up(recovered)", seen: "503"},
		"unhealthy": {fault: profiles.Fault{Unhealthy: "b2"}, then: profiles.Fault{Heal: "b2"}, want: healthy + " failing(fault unhealthy) up(recovered)", seen: "200"},
		"slow":      {fault: profiles.Fault{Slow: "b2", Delay: soon}, then: profiles.Fault{Heal: "b2"}, want: healthy + " up(fault slow by 1ms) up(recovered)", seen: "200"},
		"spell":     {fault: profiles.Fault{Error: "b2", For: soon}, want: healthy + " failing(fault error) up(recovered)", seen: "200"},
		"flap": {fault: profiles.Fault{Flap: "b2", Every: 2 * soon, For: 4 * soon},
			want: healthy + " failing(fault unhealthy) up(recovered) failing(fault unhealthy) up(recovered)"},
		"two ailments": {fault: profiles.Fault{Error: "b2"}, then: profiles.Fault{Unhealthy: "b2", For: soon},
			want: healthy + " failing(fault error) failing(fault unhealthy) failing(recovered)", seen: "503"},
		"remove": {fault: profiles.Fault{Remove: "b2"}, then: profiles.Fault{Add: "b2"}, want: healthy + " removed(fault remove) up(fault add)", seen: "200"},
		"add":    {fault: profiles.Fault{Add: "b3"}, of: "b3", want: "starting(fault add) removed(fault add) up(fault add)"},
		"replace": {fault: profiles.Fault{Replace: "b2", With: "b3"},
			want: healthy + " removed(fault remove) removed(fault terminate)", seen: "refused"},
		"drained for a time": {fault: profiles.Fault{Drain: "b2", For: soon}, want: healthy + " draining(fault drain) up(fault undrain)"},
		"rolling": {fault: profiles.Fault{Rolling: "all", For: 4 * soon},
			want: healthy + " draining(fault drain) down(fault terminate) starting(fault start) draining(recovered) up(fault undrain)"},
		"reload":     {fault: profiles.Fault{Reload: "lb"}, of: "lb", want: "up(fault reload)"},
		"restart lb": {fault: profiles.Fault{Restart: "lb"}, of: "lb", want: "down(fault terminate) up(recovered)"},
		"kill lb":    {fault: profiles.Fault{Kill: "lb"}, then: profiles.Fault{Start: "lb"}, of: "lb", want: "down(fault kill) up(recovered)"},
	} {
		t.Run(name, func(t *testing.T) {
			e := experiment("builtin:cookie", c.fault)
			d, dir := deploy(t, e)
			if c.of == "" {
				c.of = "b2"
			}
			afterwards := c.then != profiles.Fault{}
			play(t, d, func() bool {
				have := history(t, dir, c.of)
				return !afterwards && have == c.want || afterwards && have != healthy && have != ""
			})
			if c.seen != "" {
				eventually(t, func() bool { return seen(t, d, "b2", "/x") == c.seen })
			}
			if afterwards {
				e.Faults = []profiles.Fault{c.then}
				play(t, d, func() bool { return history(t, dir, c.of) == c.want })
			}
			if said := d.record.said(); len(said) > 0 {
				t.Error(said)
			}
		})
	}
}

// seen is what a client of the instance gets: a status, "reset" or "refused".
func seen(t *testing.T, d *Deployment, name, path string) string {
	t.Helper()
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + d.named(name).options.Listen + path)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF):
		return "reset"
	case err != nil:
		return err.Error()
	}
	answer.Body.Close()
	return strconv.Itoa(answer.StatusCode)
}

// version asks the instance for the state of a session, writing to it first when asked to.
func version(t *testing.T, d *Deployment, name, method string) string {
	t.Helper()
	q, _ := http.NewRequest(method, "http://"+d.named(name).options.Listen+"/", nil)
	q.Header.Set("Cookie", wire.SessionCookie+"=kept")
	q.Close = true
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return err.Error()
	}
	answer.Body.Close()
	return answer.Header.Get(wire.HeaderVersion)
}

func TestARestartKeepsTheSessionsOnlyWhenAsked(t *testing.T) {
	for keep, want := range map[bool]string{true: "2", false: "0"} {
		t.Run(strconv.FormatBool(keep), func(t *testing.T) {
			d, dir := deploy(t, experiment("builtin:cookie", profiles.Fault{Restart: "b2", KeepMemory: keep}))
			version(t, d, "b2", "POST")
			version(t, d, "b2", "POST")
			play(t, d, func() bool { return strings.HasSuffix(history(t, dir, "b2"), "up(recovered)") })
			if got := version(t, d, "b2", "GET"); got != want {
				t.Errorf("version %s after the restart, want %s", got, want)
			}
			changes, _ := dir.Changes()
			if slices.ContainsFunc(changes, func(c results.Change) bool { return c.MemoryKept }) != keep {
				t.Errorf("the records say the opposite: %+v", changes)
			}
		})
	}
}

// The pool of the balancer follows: what was removed gets no traffic, what was added gets its share.
func TestPoolChangesReachTheBalancer(t *testing.T) {
	for _, use := range []string{"builtin:round-robin", "nginx:ip-hash"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, _ := deploy(t, experiment(use, profiles.Fault{Replace: "b1", With: "b3"}, profiles.Fault{Remove: "b2", At: at(time.Second)}))
			play(t, d, func() bool { return strings.Join(homes(d.URLs()[0]), " ") == "b3" })
			if said := d.record.said(); len(said) > 0 {
				t.Error(said)
			}
			var run results.Run
			d.Describe(&run)
			if len(run.Instances) != 3 {
				t.Errorf("described %+v", run.Instances)
			}
		})
	}
}

// homes are the instances that answer a few clients.
func homes(url string) (names []string) {
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for range 4 {
		if answer, err := client.Get(url); err == nil {
			answer.Body.Close()
			if name := answer.Header.Get(wire.HeaderInstance); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func TestEveryPrimitiveHasItsPlayer(t *testing.T) {
	e := experiment("builtin:cookie")
	e.Faults = []profiles.Fault{{Kill: "b1"}, {Restart: "b1"}, {Freeze: "b1"}, {Reset: "b1"}, {Slow: "b1", Delay: 1}, {Error: "b1"}, {Flap: "b1", Every: 1, For: 1},
		{Heal: "b1"}, {Replace: "b1", With: "b3"}, {Blind: "b1", Replica: 1, For: 1}, {Rolling: "all", For: 4}}
	d := &Deployment{}
	for _, step := range e.Events() {
		if d.players()[step.Action] == nil {
			t.Errorf("nobody plays %s", step.Action)
		}
	}
}

// A rolling deploy under a balancer that cannot drain goes on without.
func TestRollingWithoutDrainSaysSo(t *testing.T) {
	needs(t, "nginx:ip-hash")
	d, dir := deploy(t, experiment("nginx:ip-hash", profiles.Fault{Rolling: "all", For: at(4 * time.Millisecond)}))
	play(t, d, func() bool {
		return strings.HasSuffix(history(t, dir, "b2"), "up(recovered)") && len(d.record.said()) == 4
	})
	if said := strings.Join(d.record.said(), " "); !strings.Contains(said, "nginx cannot drain") {
		t.Error(said)
	}
}

func TestStepsOnADeadInstanceAreWarnings(t *testing.T) {
	d, _ := deploy(t, experiment("builtin:cookie", profiles.Fault{Kill: "b2"}, profiles.Fault{Slow: "b2", Delay: 1}, profiles.Fault{Kill: "lb"}, profiles.Fault{Reload: "lb"}))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	d.playFaults(ctx, 0)
	if said := d.record.said(); len(said) != 2 {
		t.Errorf("want two warnings, got %q", said)
	}
}

// What the end of the load cuts off is told: a reader must not take it for a fault that did no harm.
func TestStepsThatTheEndCutsOffAreWarnings(t *testing.T) {
	late := profiles.Fault{Kill: "b2", At: at(time.Hour)}
	d, _ := deploy(t, experiment("builtin:cookie", profiles.Fault{Kill: "b1"}, late))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.try(ctx, profiles.Event{Action: "kill", Target: "b1"})
	d.playFaults(ctx, clock.Now())
	said := d.record.said()
	if len(said) != 2 || !strings.Contains(said[0], "kill b1: not played, what came before it lasted") || !strings.Contains(said[1], "not played, the load had ended") {
		t.Errorf("warnings %q", said)
	}
}
