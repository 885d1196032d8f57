package analysis

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/results"
)

// operations folds what the ledgers say of the session store: where the time of its operations went.
type operations struct {
	spans    [4]*hdrhistogram.Histogram // of requests; the round trip of one operation
	injected *hdrhistogram.Histogram    // into one operation per request
	late     *hdrhistogram.Histogram    // worst of a request
}

var spanNames = [...]string{"wait", "encode", "round_trip", "decode"}

// lateBudget is how late an injected delay may be at p99 on an idle machine.
const lateBudget = 150 * time.Microsecond

func newOperations() *operations {
	o := &operations{injected: hdrhistogram.New(1, longest, 3), late: hdrhistogram.New(1, longest, 3)}
	for i := range o.spans {
		o.spans[i] = hdrhistogram.New(1, longest, 3)
	}
	return o
}

// add leaves out failed requests: theirs is the time until somebody gave up.
func (o *operations) add(l *results.Serve) {
	if l.Lookups == 0 || l.Status != 200 {
		return
	}
	record := func(h *hdrhistogram.Histogram, d time.Duration) {
		_ = h.RecordValue(min(max(int64(d), 0), longest)) // clamped: cannot fail
	}
	spans := [...]time.Duration{l.Spans.Wait, l.Spans.Encode, l.Spans.RoundTrip / time.Duration(l.Lookups), l.Spans.Decode}
	for i, d := range spans {
		record(o.spans[i], d)
	}
	if l.Spans.Trip > 0 {
		record(o.injected, l.Spans.Trip)
		record(o.late, l.Spans.Late)
	}
}

func (o *operations) report(s *sheet) {
	if o.spans[0].TotalCount() == 0 {
		return
	}
	for i, h := range o.spans {
		putQuantiles(s, "store."+spanNames[i], h)
	}
	if o.injected.TotalCount() == 0 {
		return
	}
	putQuantiles(s, "store.injected", o.injected)
	late := spell("store.injected_late.p99", nil, float64(o.late.ValueAtQuantile(99)), o.late)
	if late.Value > lateBudget.Seconds() {
		late.Warnings = []string{fmt.Sprintf("injected round trips were %.3g ms late at p99 (budget %.2g ms): the machine was busy; the figures hold for what was really injected",
			1e3*late.Value, 1e3*lateBudget.Seconds())}
	}
	s.put(late)
}

func putQuantiles(s *sheet, name string, h *hdrhistogram.Histogram) {
	s.put(spell(name+".mean", nil, h.Mean(), h))
	s.put(spell(name+".p50", nil, float64(h.ValueAtQuantile(50)), h))
	s.put(spell(name+".p99", nil, float64(h.ValueAtQuantile(99)), h))
}
