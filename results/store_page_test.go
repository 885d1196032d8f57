package results

import (
	"strings"
	"testing"
)

func TestStoreSectionSaysWhereTheTimeWent(t *testing.T) {
	r := stored(t)
	if page := drawn(t, r, 100); strings.Contains(page, "Session store") {
		t.Error("a run without a store has a section about it")
	}
	for name, value := range map[string]float64{"store.operations_per_request": 2, "store.round_trip.mean": 0.0001, "store.round_trip.p99": 0.0004,
		"store.wait.mean": 5e-6, "store.encode.mean": 2e-6, "store.decode.mean": 3e-6} {
		r.Metrics = append(r.Metrics, Metric{Name: name, Value: value})
	}
	page := drawn(t, r, 100)
	if !strings.Contains(page, "2 operations per request, each 0.1 ms of the server's own time (p99 0.4 ms)\n") || strings.Contains(page, "injected") ||
		!strings.Contains(page, "connection 0.005 ms, encoding 0.002 ms, decoding 0.003 ms") {
		t.Errorf("got %s", page)
	}
	r.Metrics = append(r.Metrics, Metric{Name: "store.injected.p50", Value: 0.00025}, Metric{Name: "store.injected.p99", Value: 0.0006}, Metric{Name: "store.injected_late.p99", Value: 4e-5})
	if page := strings.Join(strings.Fields(drawn(t, r, 200)), " "); !strings.Contains(page, "and 0.25 ms of injected distance (p99 0.6 ms, late by 0.04 ms at p99)") {
		t.Errorf("got %s", page)
	}
}
