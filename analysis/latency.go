package analysis

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/results"
)

// longest is the largest time the histograms tell apart; longer ones count as this.
const longest = int64(time.Hour)

// enough is how many answers must lie above a quantile before it counts (method: 50).
const enough = 50

// latency holds the clocks of successful answers, in nanoseconds.
type latency struct {
	names  [5]string
	clocks [5]*hdrhistogram.Histogram
}

func newLatency() latency {
	l := latency{names: [5]string{"response", "service", "store", "handler", "connect"}}
	for i := range l.clocks {
		l.clocks[i] = hdrhistogram.New(1, longest, 3)
	}
	return l
}

func (l *latency) add(e *results.Exchange) {
	l.record(0, e.Done.Sub(e.Due))
	l.record(1, e.Done.Sub(e.Sent)-e.Connect)
	if e.Connect > 0 {
		l.record(4, e.Connect)
	}
	if e.Lookups > 0 {
		l.record(2, e.StoreTime)
	}
	if e.Boot != 0 { // a mock backend answered: a handler time of 0 is one
		l.record(3, e.HandlerTime)
	}
}

func (l *latency) record(clock int, d time.Duration) {
	_ = l.clocks[clock].RecordValue(min(max(int64(d), 0), longest)) // clamped: cannot fail
}

func (l *latency) merge(from latency) {
	for i, h := range from.clocks {
		l.clocks[i].Merge(h) // of equal range: drops nothing
	}
}

// quantile is a row of the latency table.
type quantile struct {
	name    string
	percent float64
}

func (l *latency) report(s *sheet, labels map[string]string) {
	for i, h := range l.clocks {
		if h.TotalCount() == 0 {
			continue
		}
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
