package targets

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func TestTakenListenAddressIsUnavailable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	e := experiment("builtin:cookie")
	e.Balancer.Listen = l.Addr().String()
	refused(t, e, "lb.listen: "+l.Addr().String()+" cannot be used")
}

func TestBrokenCommandSaysItsLastWords(t *testing.T) {
	refused(t, experiment(`exec:sh -c 'echo no licence >&2; exit 3'`), "exited with exit status 3: no licence")
}

// refused wants a start that fails in one line and leaves nothing behind.
func refused(t *testing.T, e *profiles.Experiment, want string) {
	t.Helper()
	dir, err := results.Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), Options{Experiment: e, Dir: dir, Self: []string{os.Args[0], "stickybench"}})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v\nwant one line with %q", err, want)
	}
	if left := descendants(os.Getpid()); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

func TestURLStartsNothing(t *testing.T) {
	e := experiment("")
	e.Balancer.URL = "http://127.0.0.1:1/"
	d, _ := deploy(t, e)
	if d.URLs()[0] != e.Balancer.URL || len(descendants(os.Getpid())) != 0 {
		t.Errorf("URL %s, children %v", d.URLs()[0], descendants(os.Getpid()))
	}
}

func TestGuardLeavesNoWorkerBehind(t *testing.T) {
	p, err := launch("guard", []string{os.Args[0]}, "serve", "guard", "--", "sh", "-c", "sleep 1000 & sleep 1000 & wait")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return len(descendants(p.pid())) == 3 })
	group := descendants(p.pid())[0]
	p.stdin.Close() // as if we had died
	<-p.done
	if groupAlive(group) {
		t.Errorf("group %d outlived its guard", group)
	}
}

func TestCheckRefusesWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		use, want string
		fault     profiles.Fault
	}{
		{"nginx:ip-hash", "faults[0]: drain b1: nginx cannot drain an instance at run time; use haproxy:cookie or builtin:cookie", profiles.Fault{Drain: "b1"}},
		{"exec:x {listen}", "faults[0]: reload lb: exec cannot be reloaded here; use nginx:ip-hash or builtin:cookie, or restart lb", profiles.Fault{Reload: "lb"}},
	} {
		if err := Check(experiment(c.use, c.fault)); err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

func TestSamplesComeEverySecondAndAtTheEdges(t *testing.T) {
	const start = clock.Time(5)
	edges := []clock.Time{start, start.Add(1500 * time.Millisecond), start.Add(3 * time.Second)}
	var got []time.Duration
	for at := start; len(got) < 6; at = following(at, start, edges) {
		got = append(got, at.Sub(start))
	}
	want := []time.Duration{0, time.Second, 1500 * time.Millisecond, 2 * time.Second, 3 * time.Second, 4 * time.Second}
	for n := range want {
		if got[n] != want[n] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
