package analysis

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/results"
)

// operations folds what the ledgers say of the session store: where the time of its operations went.
type operations struct {
	spans    [4]*histogram // of requests; the round trip of one operation
	injected *histogram    // into one operation per request
	late     *histogram    // worst of a request
}

var spanNames = [...]string{"wait", "encode", "round_trip", "decode"}

// lateBudget is how late an injected delay may be at p99 on an idle machine.
const lateBudget = 150 * time.Microsecond

func newOperations() *operations {
	o := &operations{injected: newHistogram(), late: newHistogram()}
	for i := range o.spans {
		o.spans[i] = newHistogram()
	}
	return o
}

// add leaves out failed requests: theirs is the time until somebody gave up.
func (o *operations) add(l *results.Serve) {
	if l.Lookups == 0 || l.Status != 200 {
		return
	}
	spans := [...]time.Duration{l.Spans.Wait, l.Spans.Encode, l.Spans.RoundTrip / time.Duration(l.Lookups), l.Spans.Decode}
	for i, d := range spans {
		o.spans[i].record(d)
	}
	if l.Spans.Trip > 0 {
		o.injected.record(l.Spans.Trip)
		o.late.record(l.Spans.Late)
	}
}

func (o *operations) report(s *sheet) {
	if o.spans[0].total == 0 {
		return
	}
	for i, h := range o.spans {
		putQuantiles(s, "store."+spanNames[i], h.hdr())
	}
	if o.injected.total == 0 {
		return
	}
	putQuantiles(s, "store.injected", o.injected.hdr())
	lateness := o.late.hdr()
	late := spell("store.injected_late.p99", nil, float64(lateness.ValueAtQuantile(99)), lateness)
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
