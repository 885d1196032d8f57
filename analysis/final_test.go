package analysis

import (
	"testing"
	"time"

	"github.com/stickybench/stickybench/results"
)

// Only answers of the last tenth count, and only where the pool changed before.
func TestFinalSkew(t *testing.T) {
	in := newTeller().in
	f := newFinal(in.run, 10*time.Second)
	for instance, answers := range map[string]int{"b1": 30, "b2": 30, "b3": 10, "b4": 10} {
		for range answers {
			f.add(&results.Exchange{Instance: instance, Status: 200, Done: start.Add(9500 * time.Millisecond)})
			f.add(&results.Exchange{Instance: "b4", Status: 200, Done: start.Add(8900 * time.Millisecond)})
		}
	}
	f.add(&results.Exchange{Instance: "b4", Status: 503, Done: start.Add(9500 * time.Millisecond)})
	changed := &pool{outages: []outage{{instance: "b3"}, {instance: "b4"}}}
	for p, want := range map[*pool][2]float64{changed: {1.5, 1.5}, {}: {0, 0}} {
		s := &sheet{}
		f.report(s, in.run, p)
		r := &results.Report{Metrics: s.metrics}
		highest, _ := r.Find("skew.final.max_over_mean", nil)
		steady, _ := r.Find("skew.final.steady_over_mean", nil)
		if got := [2]float64{highest.Value, steady.Value}; got != want {
			t.Errorf("%d outages: got %v, want %v", len(p.outages), got, want)
		}
	}
}
