package targets

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/backend"
)

// outside runs an instance in this process: to the run it is somebody else's.
func outside(t *testing.T, o backend.Options) endpoints {
	t.Helper()
	o.Listen, o.Control = anyPort, anyPort
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan endpoints, 1), make(chan error, 1)
	go func() {
		ended <- backend.Run(ctx, o, func(traffic, control string) { ready <- endpoints{traffic, control} })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case at := <-ready:
		return at
	case err := <-ended:
		t.Fatal(err)
		return endpoints{}
	}
}

// say writes one session of the number given through the traffic port.
func say(t *testing.T, url, session string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(wire.HeaderSession, session)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

func TestLedgersOfInstancesStartedElsewhere(t *testing.T) {
	path := func(name string) string { return filepath.Join(t.TempDir(), name) }
	b1, b2 := outside(t, backend.Options{Name: "b1", Ledger: path("1")}), outside(t, backend.Options{Name: "b2", Ledger: path("2"), Token: "sesame"})
	say(t, b1.Traffic, "1.0") // before the run
	e := experiment("")
	e.Balancer.URL, e.Balancer.Backends, e.Balancer.Token = b1.Traffic, []string{b1.Control, b2.Control + "/"}, "sesame"
	d, dir := deploy(t, e)
	play(t, d, func() bool {
		say(t, b1.Traffic, "2.0")
		say(t, b1.Traffic, "2.0")
		return true
	})
	var run results.Run
	d.Describe(&run)
	if len(run.Instances) != 2 || run.Instances[0].Name != "b1" || run.Instances[1].Name != "b2" {
		t.Errorf("instances %+v", run.Instances)
	}
	if len(run.Warnings) != 1 || !strings.Contains(run.Warnings[0], "ledgers fetched") {
		t.Errorf("warnings %q", run.Warnings)
	}
	lines := 0
	for s, err := range dir.Serves() {
		if err != nil {
			t.Fatal(err)
		}
		if lines++; s.ID.User != 2 || s.Instance != "b1" {
			t.Errorf("line of session %s on %s", s.ID, s.Instance)
		}
	}
	if lines != 2 || len(dir.Warnings()) > 0 {
		t.Errorf("%d lines, warnings %q", lines, dir.Warnings())
	}
}

func TestControlPortsThatCannotBeUsed(t *testing.T) {
	deaf, kept := outside(t, backend.Options{Name: "b1"}), outside(t, backend.Options{Name: "b1", Ledger: filepath.Join(t.TempDir(), "l"), Token: "x"})
	twin := outside(t, backend.Options{Name: "b1", Ledger: filepath.Join(t.TempDir(), "l")})
	for want, controls := range map[string][]string{
		`start it with "ledger": "PATH"`: {deaf.Control},
		"set STICKYBENCH_BACKEND_TOKEN":  {kept.Control},
		"connection refused":             {"http://127.0.0.1:1"},
		"no control port of ours":        {twin.Traffic},
		"are both named b1; give each":   {twin.Control, strings.Replace(twin.Control, "127.0.0.1", "localhost", 1)},
	} {
		e := experiment("")
		e.Balancer.URL, e.Balancer.Backends = "http://127.0.0.1:1", controls
		refused(t, e, want)
	}
	e := experiment("")
	e.Balancer.URL, e.Balancer.Backends = "http://127.0.0.1:1", []string{deaf.Control}
	if _, err := Start(t.Context(), Options{Experiment: e}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestWhatARunningBalancerRoutesOn(t *testing.T) {
	for key, want := range map[string]results.Mechanism{
		"":        {Name: "unknown", Family: results.Unknown, Key: "unknown", Disruption: "unknown"},
		"address": {Name: "address", Family: results.Unknown, Key: "address", Disruption: "unknown"},
		"none":    {Name: "none", Family: results.NoAffinity, Key: "none", Disruption: "unknown"},
	} {
		e := experiment("")
		e.Balancer.URL, e.Balancer.RoutesOn = "http://127.0.0.1:1", key
		d, _ := deploy(t, e)
		var run results.Run
		if d.Describe(&run); run.Mechanism != want {
			t.Errorf("%q: %+v", key, run.Mechanism)
		}
	}
}
