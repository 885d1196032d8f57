package targets

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
)

func experiment(use string, faults ...profiles.Fault) *profiles.Experiment {
	e := profiles.Default()
	e.Balancer.Use = use
	e.Backends.Count = 2
	e.Faults = faults
	e.Warmup, e.Duration = 0, 0
	return e
}

// deploy starts e; at the end of the test nothing of it may be left.
func deploy(t *testing.T, e *profiles.Experiment) (*Deployment, *results.Dir) {
	t.Helper()
	dir, err := results.Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Start(t.Context(), Options{Experiment: e, Dir: dir, Self: []string{os.Args[0], "stickybench"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		if left := descendants(os.Getpid()); len(left) > 0 {
			t.Errorf("processes %v are left", left)
		}
	})
	return d, dir
}

// play does what Play does until done says so and every step is over: Play's load would go on meanwhile.
func play(t *testing.T, d *Deployment, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := clock.Now()
	var steps, samples sync.WaitGroup
	steps.Go(func() { d.playFaults(ctx, start) })
	samples.Go(func() { d.sampleUntil(ctx, start) })
	eventually(t, done)
	steps.Wait()
	cancel()
	samples.Wait()
	d.fetchLedgers(t.Context())
	if err := d.record.err(); err != nil {
		t.Error(err)
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not happen within 30 s")
		case <-tick.C:
		}
	}
}

// history is the transitions of one instance, e.g. "starting(start) up(start)".
func history(t *testing.T, dir *results.Dir, instance string) string {
	t.Helper()
	changes, err := dir.Changes()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range changes {
		if c.Instance == instance {
			all = append(all, string(c.To)+"("+c.Why+")")
		}
	}
	return strings.Join(all, " ")
}

func at(d time.Duration) profiles.Duration { return profiles.Duration(d) }

func TestKillAndStartKeepThePort(t *testing.T) {
	d, dir := deploy(t, experiment("builtin:cookie",
		profiles.Fault{At: at(10 * time.Millisecond), Kill: "b2"},
		profiles.Fault{At: at(20 * time.Millisecond), Start: "b2"}))
	_, boot := d.instances[1].is()
	before := boot.pid()
	const want = "starting(start) up(start) down(fault kill) starting(fault start) up(recovered)"
	play(t, d, func() bool { return history(t, dir, "b2") == want })
	if answer, err := http.Get("http://" + d.instances[1].options.Listen + "/healthz"); err != nil {
		t.Error(err)
	} else {
		answer.Body.Close()
	}
	if _, p := d.instances[1].is(); p == nil || p.pid() == before {
		t.Error("b2 is not a new process")
	}
	checkSamples(t, dir, before)
}

// checkSamples wants the last counters of the killed process and some of everything else.
func checkSamples(t *testing.T, dir *results.Dir, killed int) {
	t.Helper()
	samples, err := dir.Samples()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var ofKilled int
	for _, s := range samples {
		seen[s.Process] = true
		if s.Process != "host" && (s.CPU <= 0 || s.RSS == 0) {
			t.Errorf("empty sample %+v", s)
		}
		if s.PID == killed {
			ofKilled++
		}
	}
	for _, name := range []string{"b1", "b2", "lb", "host"} {
		if !seen[name] {
			t.Errorf("no sample of %s", name)
		}
	}
	if ofKilled < 2 {
		t.Errorf("the killed process has %d samples; want its start and its end", ofKilled)
	}
}

func TestFreezeEnds(t *testing.T) {
	d, dir := deploy(t, experiment("builtin:cookie",
		profiles.Fault{At: at(time.Millisecond), Freeze: "all", For: at(20 * time.Millisecond)}))
	const want = "starting(start) up(start) failing(fault freeze) up(recovered)"
	play(t, d, func() bool { return history(t, dir, "b1") == want && history(t, dir, "b2") == want })
}

func TestFrozenInstanceStops(t *testing.T) {
	d, dir := deploy(t, experiment("builtin:cookie", profiles.Fault{At: at(time.Millisecond), Freeze: "b1"}))
	play(t, d, func() bool { return strings.HasSuffix(history(t, dir, "b1"), "failing(fault freeze)") })
}

func TestDrainReachesInstanceAndBalancer(t *testing.T) {
	for _, use := range []string{"builtin:cookie", "haproxy:cookie"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, dir := deploy(t, experiment(use,
				profiles.Fault{At: at(time.Millisecond), Drain: "b2"}, profiles.Fault{At: at(2 * time.Millisecond), Undrain: "b2"}))
			const want = "starting(start) up(start) draining(fault drain) up(fault undrain)"
			play(t, d, func() bool { return history(t, dir, "b2") == want })
			if said := d.record.said(); len(said) > 0 {
				t.Error(said)
			}
		})
	}
}

func TestUnexpectedDeathIsRecorded(t *testing.T) {
	d, dir := deploy(t, experiment("builtin:cookie"))
	_, victim := d.instances[0].is()
	_ = syscall.Kill(victim.pid(), syscall.SIGKILL)
	_ = syscall.Kill(d.lead().running().pid(), syscall.SIGKILL)
	eventually(t, func() bool {
		return strings.HasSuffix(history(t, dir, "b1"), "down(exited: signal killed)") && history(t, dir, "lb") == "down(exited: signal killed)"
	})
	eventually(t, func() bool { return len(d.record.said()) == 2 })
}

func TestRealBalancersAnswerAndLeaveNothing(t *testing.T) {
	for _, use := range []string{"nginx:ip-hash", "haproxy:cookie"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			needs(t, use)
			d, dir := deploy(t, experiment(use))
			answer, err := http.Get(d.URLs()[0])
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK || answer.Header.Get("Stickybench-Instance") == "" {
				t.Errorf("%s, headers %v", answer.Status, answer.Header)
			}
			play(t, d, func() bool { return sampled(dir, "lb") })
			var run results.Run
			d.Describe(&run)
			if run.LBVersion == "" || run.Mechanism.Name == "" || len(run.Instances) != 2 {
				t.Errorf("incomplete description %+v", run)
			}
		})
	}
}

func sampled(dir *results.Dir, process string) bool {
	samples, _ := dir.Samples()
	for _, s := range samples {
		if s.Process == process && s.CPU > 0 {
			return true
		}
	}
	return false
}

func TestEmbeddedStoreIsOneMoreProcess(t *testing.T) {
	e := experiment("builtin:cookie")
	e.Store.Use = "embedded"
	d, dir := deploy(t, e)
	if !strings.HasPrefix(d.instances[0].options.Store.Use, "redis://127.0.0.1:") {
		t.Errorf("store URL %q", d.instances[0].options.Store.Use)
	}
	play(t, d, func() bool { return sampled(dir, "store") })
}

// needs skips without the real program, unless real ones are required.
func needs(t *testing.T, use string) {
	t.Helper()
	if strings.HasPrefix(use, builtin) {
		return
	}
	row, _, err := balancers.Lookup(use)
	if err == nil {
		_, err = row.Path()
	}
	if err != nil && os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
}
