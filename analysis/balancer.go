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
	of := processes(in.run)
	for n := range of {
		cpu += used[profiles.ReplicaName(n, of)]
	}
	perRequest := func(name string, cpu float64) {
		if cpu > 0 {
			s.put(results.Metric{Name: name, Unit: "seconds", Better: "lower", Value: cpu / float64(requests), N: requests})
		}
	}
	perRequest("lb.cpu_per_request", cpu)
	perRequest("lb.front.cpu_per_request", used[profiles.TheFront])
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

// processes is how many of the balancer there were.
func processes(run results.Run) int {
	if run.Front != nil {
		return len(run.Front.Replicas)
	}
	return max(1, len(run.Replicas))
}
