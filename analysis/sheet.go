package analysis

import "github.com/stickybench/stickybench/results"

// sheet gathers metrics in a fixed order.
type sheet struct{ metrics []results.Metric }

func (s *sheet) put(m results.Metric) {
	if m.Warnings == nil {
		m.Warnings = []string{}
	}
	s.metrics = append(s.metrics, m)
}

// count puts a number of things.
func (s *sheet) count(name string, labels map[string]string, n int64, better string) {
	s.put(results.Metric{Name: name, Labels: labels, Unit: "count", Better: better, Value: float64(n), N: n})
}

// ratio puts part of n; nothing is put when n is zero, because there is nothing to say.
func (s *sheet) ratio(name, better string, part, n uint64) {
	if n > 0 {
		s.put(results.Metric{Name: name, Unit: "ratio", Better: better, Value: float64(part) / float64(n), N: int64(n)})
	}
}
