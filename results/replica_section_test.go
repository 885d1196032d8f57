package results

import (
	"strings"
	"testing"
)

func TestReplicasSection(t *testing.T) {
	lo, hi := 0.5, 0.9
	r := &Report{Runs: []ReportRun{{}}, Metrics: []Metric{
		{Name: "replicas.count", Value: 2},
		{Name: "replicas.reached_sessions", Value: 40},
		{Name: "replicas.disagreements", Value: 10},
		{Name: "replicas.broken_sessions", Value: 9},
		{Name: "replicas.agreement", Value: 0.75, Lo: &lo, Hi: &hi, N: 40},
		{Name: "replicas.agreement", Labels: map[string]string{"phase": "blind"}, Value: 0.6, N: 25},
		{Name: "replicas.requests", Labels: map[string]string{"replica": "lb1"}, Value: 300},
		{Name: "replicas.errors", Labels: map[string]string{"replica": "lb1"}, Value: 8},
		{Name: "replicas.errors", Labels: map[string]string{"replica": "lb1", "phase": "down"}, Value: 7},
		{Name: "replicas.errors", Labels: map[string]string{"replica": "lb1", "phase": "up"}, Value: 1},
		{Name: "replicas.departures", Labels: map[string]string{"replica": "lb1"}, Value: 3},
	}}
	s := r.replicas()
	want := []string{
		"2 replicas; agreed on 75% (50% … 90%) of 40 sessions that reached several",
		"10 sessions were sent elsewhere by another replica than the one before; 9 of them never by the same one",
		"blind: agreed on 60% of 25 sessions that reached several",
		"lb1 was down for a time: 7 of the 8 requests that failed at it did so meanwhile",
	}
	if strings.Join(s.lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", s.lines)
	}
	if len(s.table.rows) != 1 || s.table.rows[0][0].text != "lb1" || s.table.rows[0][2].text != "8" || s.table.rows[0][3].text != "3" {
		t.Errorf("got %+v", s.table)
	}
	if s := (&Report{}).replicas(); len(s.lines)+len(s.table.rows) > 0 {
		t.Errorf("one replica has a section: %+v", s)
	}
	r.Metrics = []Metric{{Name: "replicas.count", Value: 2}, {Name: "replicas.reached_sessions"}}
	if s := r.replicas(); len(s.lines) != 1 || !strings.HasSuffix(s.lines[0], "nothing is known of their agreement") {
		t.Errorf("got %q", s.lines)
	}
}

// A log of an earlier program has a zero where the replica is now: there was one.
func TestExchangesOfEarlierLogsHaveNoReplica(t *testing.T) {
	e := sample(1)
	e.Replica = 3
	b := appendExchange(nil, &e, &names{})
	if len(b) != exchangeWidth || b[161] != 3 {
		t.Fatalf("%d bytes, replica %d", len(b), b[161])
	}
	clear(b[161:])
	var back Exchange
	if !decodeExchange(&back, b, []string{e.Instance}) || back.Replica != 0 || back.Conn != e.Conn || back.Connect != e.Connect {
		t.Errorf("got %+v", back)
	}
}
