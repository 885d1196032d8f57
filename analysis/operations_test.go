package analysis

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/results"
)

func served(operations uint16, status uint16, trip, late time.Duration) results.Serve {
	us := time.Microsecond
	return results.Serve{Lookups: operations, Status: status, Spans: results.StoreSpans{
		Wait: 5 * us, Encode: 2 * us, RoundTrip: time.Duration(operations) * 100 * us, Decode: 3 * us, Trip: trip, Late: late}}
}

func TestSpansOfTheStore(t *testing.T) {
	o, s := newOperations(), &sheet{}
	for range 100 {
		l := served(7, 200, 250*time.Microsecond, 20*time.Microsecond)
		o.add(&l)
	}
	failed, without := served(1, 503, time.Second, time.Second), served(0, 200, 0, 0)
	o.add(&failed)
	o.add(&without)
	o.report(s)
	r := results.Report{Metrics: s.metrics}
	for name, want := range map[string]float64{"store.round_trip.p50": 100e-6, "store.wait.mean": 5e-6, "store.encode.p99": 2e-6,
		"store.decode.p50": 3e-6, "store.injected.p99": 250e-6, "store.injected_late.p99": 20e-6} {
		if m, ok := r.Find(name, nil); !ok || math.Abs(m.Value/want-1) > 0.01 || m.N != 100 || len(m.Warnings) > 0 {
			t.Errorf("%s is %+v, want %v", name, m, want)
		}
	}
}

func TestLateDistanceIsSaid(t *testing.T) {
	o, s := newOperations(), &sheet{}
	l := served(1, 200, time.Millisecond, 400*time.Microsecond)
	o.add(&l)
	o.report(s)
	m, _ := (&results.Report{Metrics: s.metrics}).Find("store.injected_late.p99", nil)
	if len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "0.4 ms late") {
		t.Errorf("got %+v", m)
	}
}
