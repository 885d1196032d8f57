package results

import "testing"

func TestAJoiningTellsMovesShareAndBalance(t *testing.T) {
	change := map[string]string{"change": "b5 added at 3.0 s"}
	r := &Report{Metrics: []Metric{
		{Name: "failover.live_sessions", Labels: change, Value: 48, N: 48}, {Name: "failover.live_moves", Labels: change, Value: 41, N: 41},
		{Name: "failover.ideal_live_moves", Labels: change, Value: 38.4, N: 48}, {Name: "failover.new_share", Labels: change, Value: 0.21, N: 90},
		{Name: "failover.balance_seconds", Labels: change, Value: 1.5, N: 8},
	}}
	const want = "b5 added at 3.0 s: 41 of 48 sessions with healthy homes moved (ideal 38.4), it got 21% of 90 new sessions, and carried its load after 1.5 s"
	if got := r.moves(); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
