package analysis

import (
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// reportBalancer tells what the balancer itself costs: its CPU time per request, and the mean time that
// a request takes beside the handler. Means may be subtracted; quantiles may not.
func reportBalancer(s *sheet, in input, t *traffic) {
	requests := int64(t.count - t.failed)
	if requests == 0 {
		return
	}
	used, cpu := cpuSeconds(in), 0.0
	for n := range max(1, len(in.run.Replicas)) {
		cpu += used[profiles.ReplicaName(n, max(1, len(in.run.Replicas)))]
	}
	if cpu > 0 {
		s.put(results.Metric{Name: "lb.cpu_per_request", Unit: "seconds", Better: "lower", Value: cpu / float64(requests), N: requests})
	}
	mean := func(name string) float64 {
		for _, m := range s.metrics {
			if m.Name == name && m.Labels == nil {
				return m.Value
			}
		}
		return 0
	}
	if service, handler := mean("latency.service.mean"), mean("latency.handler.mean"); service > 0 && handler > 0 {
		s.put(results.Metric{Name: "lb.added_latency.mean", Unit: "seconds", Better: "lower", Value: max(0, service-handler), N: requests})
	}
}
