package results

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestScoreboardReadsItsScenarios(t *testing.T) {
	hi := 0.02
	s := NewScoreboard()
	s.Add(ScoreRow{LB: "haproxy:cookie", Version: "2.6.12", Family: MoveAndStay}, map[string]*Report{
		"kept-connections": {Metrics: []Metric{{Name: "affinity.broken_ratio", Hi: &hi, N: 150}, {Name: "lb.cpu_per_request", Value: 52e-6, N: 9}}},
		"crash-and-return": {Metrics: []Metric{
			{Name: "failover.first_success.max", Labels: map[string]string{"fault": "b2"}, Value: 0.5, N: 10},
			{Name: "failover.first_success.max", Labels: map[string]string{"fault": "b3"}, Value: 1.25, N: 10},
			{Name: "failover.family", Labels: map[string]string{"family": "stay"}, Value: 0.9, N: 10},
			{Name: "failover.family", Labels: map[string]string{"family": "flap"}, Value: 0.1, N: 10},
			{Name: "failover.family", Labels: map[string]string{"family": "home", "fault": "b2"}, Value: 1, N: 10},
		}},
		"scale-out":  {Metrics: []Metric{{Name: "failover.live_moves", Value: 3, N: 3}, {Name: "failover.live_sessions", Value: 60, N: 60}, {Name: "failover.ideal_live_moves", Value: 12, N: 60}}},
		"burst":      {Metrics: []Metric{{Name: "affinity.split_sessions", Value: 5, N: 5}, {Name: "affinity.sessions", Value: 10, N: 10}}},
		"throughput": {Metrics: []Metric{{Name: "requests.rate", Value: 12345.6, N: 5}}},
	}, &ProbeReport{Assertions: []Assertion{{Verdict: Holds, Marker: true}, {Verdict: Broken, Marker: true}, {Verdict: NotApplicable, Marker: true}, {Verdict: Broken}}})
	var terminal, page strings.Builder
	if err := s.Terminal(&terminal, 300); err != nil {
		t.Fatal(err)
	}
	if err := s.Markdown(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"haproxy:cookie 2.6.12", "0% (<2%)", "52 µs", "stay 90%", "5% (20%)", "50%", "12346/s", "1250 ms", "1 of 2", "–"} {
		if !strings.Contains(terminal.String(), want) || !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s\n%s", want, &terminal, &page)
		}
	}
	text, err := s.Encode()
	var again Scoreboard
	if err != nil || json.Unmarshal(text, &again) != nil || len(again.Rows[0].Cells) != len(again.Columns) {
		t.Errorf("%v\n%s", err, text)
	}
}
