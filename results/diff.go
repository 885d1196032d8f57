package results

import (
	"fmt"
	"io"
	"math"
)

// Diff writes the metrics of two reports side by side, those that differ first seen first. A difference
// is marked when the intervals are apart; without intervals nothing says whether it is chance.
func Diff(w io.Writer, a, b *Report, width int, color bool) error {
	p := newPage(&Report{}, width, color)
	t := table{columns: []column{{"metric", 0}, {"labels", 1}, {"first", 0}, {"second", 0}, {"change", 0}, {"", 0}}}
	same := 0
	for _, m := range a.finite().Metrics {
		other, ok := b.finite().find(m)
		switch {
		case !ok:
			t.rows = append(t.rows, words(m.Name, labelText(m.Labels), Figure(m.Value, m.Unit), "-", "", ""))
		case other.Value == m.Value:
			same++
		default:
			t.rows = append(t.rows, words(m.Name, labelText(m.Labels), Figure(m.Value, m.Unit), Figure(other.Value, m.Unit), changeText(m, other), apartText(m, other)))
		}
	}
	for _, m := range b.finite().Metrics {
		if _, ok := a.finite().find(m); !ok {
			t.rows = append(t.rows, words(m.Name, labelText(m.Labels), "-", Figure(m.Value, m.Unit), "", ""))
		}
	}
	p.wrap(clean(fmt.Sprintf("first   %s: %s", a.Verdict, runsText(a))), "  ")
	p.wrap(clean(fmt.Sprintf("second  %s: %s", b.Verdict, runsText(b))), "  ")
	if len(t.rows) > 0 {
		p.table(t)
	}
	p.wrap(fmt.Sprintf("%d metrics differ, %d are equal; * the 95 %% intervals are apart", len(t.rows), same), "  ")
	return p.flush(w)
}

func (r *Report) find(m Metric) (Metric, bool) { return r.Find(m.Name, m.Labels) }

func runsText(r *Report) string {
	if len(r.Runs) == 0 {
		return "no run"
	}
	return r.Runs[0].Facts()
}

func changeText(a, b Metric) string {
	if a.Value == 0 || math.Signbit(a.Value) != math.Signbit(b.Value) {
		return Signed(b.Value-a.Value, a.Unit)
	}
	return fmt.Sprintf("%+.3g%%", 100*(b.Value/a.Value-1))
}

func apartText(a, b Metric) string {
	if a.Lo == nil || a.Hi == nil || b.Lo == nil || b.Hi == nil || *a.Lo <= *b.Hi && *b.Lo <= *a.Hi {
		return ""
	}
	return "*"
}
