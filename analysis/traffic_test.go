package analysis

import (
	"testing"
	"time"

	"github.com/stickybench/stickybench/results"
)

func TestResponseTimesByZone(t *testing.T) {
	in := newTeller().in
	for i := range in.run.Instances {
		in.run.Instances[i].Zone = []string{"a", "b"}[i%2]
	}
	tr, s := newTraffic(in.run), &sheet{}
	for instance, took := range map[string]time.Duration{"b1": 1, "b3": 3, "b2": 10, "elsewhere": 100} {
		tr.add(&results.Exchange{Instance: instance, Status: 200, Due: start, Sent: start, Done: start.Add(took * time.Millisecond)}, true)
	}
	tr.report(s)
	r := &results.Report{Metrics: s.metrics}
	for zone, want := range map[string]int64{"a": 2, "b": 1} {
		if m, ok := r.Find("latency.response.mean", map[string]string{"zone": zone}); !ok || m.N != want {
			t.Errorf("zone %s: %+v, want %d answers", zone, m, want)
		}
	}
	if near, _ := r.Find("latency.response.max", map[string]string{"zone": "a"}); near.Value < 0.0029 || near.Value > 0.0031 {
		t.Errorf("zone a answers within %v s, want 3 ms", near.Value)
	}
}
