package analysis

import (
	"fmt"
	"math"
	"testing"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

func TestChartsTellTheRun(t *testing.T) {
	dir, err := results.Open(recorded(t))
	must(t, err)
	report, err := Analyze(dir)
	must(t, err)
	c, err := Charts(dir, report)
	must(t, err)
	requests, inFlight := 0, 0.0
	for _, w := range c.Windows {
		requests, inFlight = requests+w.Requests, inFlight+w.InFlight*w.Length
	}
	if requests != 400 || c.Total != 40 || len(c.Sessions) != sampledOthers {
		t.Errorf("%d requests, %d of %d sessions", requests, len(c.Sessions), c.Total)
	}
	if want := 10 * 40 * (1e6 - 10 + 19_500) / 1e9; math.Abs(inFlight-want) > 0.01*want {
		t.Errorf("requests spent %v s in flight, want %v (Little's law)", inFlight, want)
	}
	m, _ := report.Find("latency.response.p90", nil)
	for _, curve := range c.Curves {
		for _, p := range curve.Points {
			if curve.Name == "response" && math.Abs(p.Below-0.9) < 1e-9 && math.Abs(p.Seconds-m.Value) > 1e-9 {
				t.Errorf("the curve's p90 is %v, the report's %v", p.Seconds, m.Value)
			}
		}
	}
	if s := c.Sessions[0]; len(s.Steps) != 10 || len(s.Spans) != 1 || s.Profile == "" {
		t.Errorf("%+v", s)
	}
	again, err := Charts(dir, report)
	must(t, err)
	if fmt.Sprint(c) != fmt.Sprint(again) {
		t.Error("the same run is drawn twice in two ways")
	}
}

// Of many sessions those with violations are always in the sample, and no end of the run is favoured.
func TestSampleKeepsTroubleAndIsEven(t *testing.T) {
	violations := []results.Violation{{Session: "77.0", Excused: true}, {Session: "123456.0"}, {Session: "not a number"}}
	s := newSample(results.Run{Start: start}, violations)
	const n = 200_000
	for u := range uint32(n) {
		e := results.Exchange{ID: wire.SessionID{User: u}, Sent: start + clock.Time(u), Done: start + clock.Time(u) + 5, Status: 200, Instance: "b1"}
		s.add(&e)
	}
	rows, early := s.rows(), 0
	if len(rows) != sampledOthers+2 {
		t.Fatalf("%d rows", len(rows))
	}
	trouble := 0
	for _, row := range rows {
		trouble += len(row.Violations)
		if row.From < n/2*1e-9 {
			early++
		}
	}
	if trouble != 2 || early < 8 || early > 24 {
		t.Errorf("%d troubled, %d of %d from the first half", trouble, early, len(rows))
	}
}
