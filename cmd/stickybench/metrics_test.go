package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/stickybench/stickybench/loadgen"
)

func sampleProgress() loadgen.Progress {
	return loadgen.Progress{Elapsed: 12 * time.Second, Users: 58, Requests: 9000, Errors: 3, Rate: 812, P50: 2900 * time.Microsecond, P99: 8100 * time.Microsecond,
		Sessions: 351, Switched: 2, InFlight: 4, Dropped: 1, Responses: make([]uint64, len(loadgen.ResponseBounds())), ResponseSum: 27 * time.Second, Answered: 8997,
		Instances: []loadgen.InstanceShare{{Name: "b1", Requests: 4000}, {Name: "b2", Requests: 2000}, {Name: "b3", Requests: 2997}}}
}

// promlint is what promtool's check metrics runs.
func TestMetricsPassPromlint(t *testing.T) {
	e := &exposition{now: sampleProgress()}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(e)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != len(figures())+2 {
		t.Errorf("%d families, %v", len(families), err)
	}
}

// Every metric that the dashboard draws is exposed by the generator, a backend or the process collector.
func TestDashboardDrawsWhatIsExposed(t *testing.T) {
	data, err := os.ReadFile("../../deploy/grafana/stickybench.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	known := "stickybench_response_seconds_bucket stickybench_instance_answers_total stickybench_backend_requests_total stickybench_backend_in_flight_requests stickybench_backend_draining stickybench_backend_handler_cpu_seconds_total process_cpu_seconds_total"
	for _, m := range figures() {
		known += " " + m.name
	}
	drawn := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range regexp.MustCompile(`[a-z]+(_[a-z]+){2,}`).FindAllString(target.Expr, -1) {
				if name == "histogram_quantile" || name == "instance_name" {
					continue
				}
				if drawn++; !strings.Contains(" "+known+" ", " "+name+" ") {
					t.Errorf("panel %q draws %s, which nobody exposes", p.Title, name)
				}
			}
		}
	}
	if drawn < 10 {
		t.Errorf("only %d metrics drawn", drawn)
	}
}

func TestLivePageFitsItsWidth(t *testing.T) {
	for _, width := range []int{59, 79, 199} {
		v := &view{total: 25 * time.Second, events: []string{"14:00:01.2  b2: down, was up (fault kill)"}}
		lines := v.page(sampleProgress(), width)
		if len(lines) != 9 {
			t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
		}
		for _, line := range lines {
			if n := len([]rune(line)); n > width {
				t.Errorf("%d columns of %d: %s", n, width, line)
			}
		}
	}
}
