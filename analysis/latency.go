package analysis

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/results"
)

// enough is how many answers must lie above a quantile before it counts (method: 50).
const enough = 50

// latency holds the clocks of successful answers, in nanoseconds.
type latency struct {
	names  [5]string
	clocks [5]*histogram
}

func newLatency() latency {
	l := latency{names: [5]string{"response", "service", "store", "handler", "connect"}}
	for i := range l.clocks {
		l.clocks[i] = newHistogram()
	}
	return l
}

func (l *latency) add(e *results.Exchange) {
	l.clocks[0].record(e.Done.Sub(e.Due))
	l.clocks[1].record(e.Done.Sub(e.Sent) - e.Connect)
	if e.Connect > 0 {
		l.clocks[4].record(e.Connect)
	}
	if e.Lookups > 0 {
		l.clocks[2].record(e.StoreTime)
	}
	if e.Boot != 0 { // a mock backend answered: a handler time of 0 is one
		l.clocks[3].record(e.HandlerTime)
	}
}

func (l *latency) merge(from latency) {
	for i, h := range from.clocks {
		l.clocks[i].merge(h)
	}
}

// quantile is a row of the latency table.
type quantile struct {
	name    string
	percent float64
}

func (l *latency) report(s *sheet, labels map[string]string) {
	for i, clock := range l.clocks {
		if clock.total == 0 {
			continue
		}
		h := clock.hdr()
		prefix := "latency." + l.names[i] + "."
		s.put(spell(prefix+"mean", labels, h.Mean(), h))
		for _, q := range [...]quantile{{"p50", 50}, {"p90", 90}, {"p95", 95}, {"p99", 99}, {"p999", 99.9}} {
			m := spell(prefix+q.name, labels, float64(h.ValueAtQuantile(q.percent)), h)
			if above := float64(h.TotalCount()) * (100 - q.percent) / 100; above < enough {
				m.Warnings = []string{fmt.Sprintf("insufficient: %.0f answers lie above it, %d are needed", above, enough)}
			}
			s.put(m)
		}
		s.put(spell(prefix+"max", labels, float64(h.Max()), h))
	}
}

func spell(name string, labels map[string]string, ns float64, h *hdrhistogram.Histogram) results.Metric {
	return results.Metric{Name: name, Labels: labels, Unit: "seconds", Better: "lower", Value: ns / 1e9, N: h.TotalCount()}
}
