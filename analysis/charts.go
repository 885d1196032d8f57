package analysis

import (
	"fmt"
	"math"
	"strconv"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// chartWindows is how many slices a run is cut into.
const chartWindows = 120

// Charts folds a run directory into what its HTML page draws, in one more pass.
func Charts(d *results.Dir, r *results.Report) (*results.Charts, error) {
	in, err := open(d)
	if err != nil {
		return nil, err
	}
	text, err := d.Experiment()
	if err != nil {
		return nil, fmt.Errorf("reading the experiment of %s: %w", in.name, err)
	}
	c, err := charts(in, r)
	if err != nil {
		return nil, err
	}
	c.Experiment = string(text)
	return c, nil
}

func charts(in input, r *results.Report) (*results.Charts, error) {
	last := max(in.run.End, in.run.Start)
	if in.run.End == 0 {
		for e, err := range in.exchanges {
			if err != nil {
				return nil, err
			}
			last = max(last, e.Done)
		}
	}
	c := &results.Charts{Run: in.run, Length: max(1e-3, seconds(in.run.Start, last)), Warmup: max(0, seconds(in.run.Start, in.run.Measured))}
	t, windows, sample := newTraffic(in.run), newWindows(in.run.Start, c.Length), newSample(in.run, r.Violations)
	for e, err := range in.exchanges {
		if err != nil {
			return nil, err
		}
		t.add(&e, true)
		windows.add(&e)
		sample.add(&e)
	}
	c.Windows, c.Curves, c.Outages = windows.list, curves(t), outageSpans(in, c.Length)
	c.Sessions, c.Total = sample.rows(), sample.total
	return c, nil
}

// ComparisonCharts folds the runs of a comparison into one latency curve for each arm.
func ComparisonCharts(d *results.ComparisonDir) (*results.Charts, error) {
	c := &results.Charts{}
	for _, arm := range d.Plan.Arms {
		total := newLatency()
		for k := 1; k <= d.Plan.Blocks; k++ {
			if !d.Finished(k) {
				continue
			}
			t, err := armTraffic(d, k, arm.Name)
			if err != nil {
				return nil, err
			}
			total.clocks[0].merge(t.all().clocks[0])
			c.Run = t.run
		}
		c.Curves = append(c.Curves, results.Curve{Name: arm.Name, Group: "arm", Points: quantilePoints(total.clocks[0].hdr())})
	}
	return c, nil
}

// armTraffic folds all answers of one arm in one block.
func armTraffic(d *results.ComparisonDir, block int, arm string) (*traffic, error) {
	dir, err := results.Open(d.RunPath(block, arm))
	if err != nil {
		return nil, err
	}
	in, err := open(dir)
	if err != nil {
		return nil, err
	}
	t := newTraffic(in.run)
	for e, err := range in.exchanges {
		if err != nil {
			return nil, err
		}
		t.add(&e, true)
	}
	return t, nil
}

// curves are the clocks of all answers, and the response time of each profile.
func curves(t *traffic) (list []results.Curve) {
	add := func(name, group string, h *histogram) {
		if h.total > 0 {
			list = append(list, results.Curve{Name: name, Group: group, Points: quantilePoints(h.hdr())})
		}
	}
	total := t.all()
	for i, name := range total.names {
		add(name, "clock", total.clocks[i])
	}
	for i, name := range t.run.Profiles {
		add(name, "profile", t.profiles[i].clocks[0])
	}
	return list
}

// perDecade is how many points a curve has for each nine of its quantile.
const perDecade = 10

// quantilePoints go as far as the data: beyond one answer there is nothing to see.
func quantilePoints(h *hdrhistogram.Histogram) (points []results.CurvePoint) {
	decades := math.Log10(max(1, float64(h.TotalCount())))
	for k := 0; k <= int(decades*perDecade); k++ {
		below := 1 - math.Pow(10, -float64(k)/perDecade)
		points = append(points, results.CurvePoint{Below: below, Seconds: float64(h.ValueAtQuantile(100*below)) / 1e9})
	}
	return points
}

func outageSpans(in input, length float64) (spans []results.Span) {
	for _, o := range newPool(in.run, in.changes).outages {
		spans = append(spans, results.Span{From: seconds(in.run.Start, o.from), To: min(length, seconds(in.run.Start, o.to)), Instance: o.instance})
	}
	return spans
}

// windows counts what happened in each slice of the run.
type windows struct {
	start clock.Time
	width float64
	list  []results.Window
}

func newWindows(start clock.Time, length float64) *windows {
	w := &windows{start: start, width: length / chartWindows, list: make([]results.Window, chartWindows)}
	for i := range w.list {
		w.list[i].At, w.list[i].Length = float64(i)*w.width, w.width
	}
	return w
}

// index is the slice of a time; what lies outside the run belongs to its first or last one.
func (w *windows) index(at float64) int {
	return int(min(max(at/w.width, 0), chartWindows-1))
}

func (w *windows) add(e *results.Exchange) {
	if e.Failure == results.Canceled || e.Failure == results.Dropped {
		return
	}
	from, to := seconds(w.start, e.Sent), seconds(w.start, e.Done)
	slot := &w.list[w.index(to)]
	slot.Requests++
	if e.Failure != results.Answered || e.Status >= 500 {
		slot.Errors++
	}
	for i := w.index(from); i <= w.index(to); i++ {
		begin := w.list[i].At
		w.list[i].InFlight += max(0, min(to, begin+w.width)-max(from, begin)) / w.width
	}
}

func stateText(e *results.Exchange) string {
	if e.Failure != results.Answered {
		return e.Failure.String()
	}
	return strconv.Itoa(int(e.Status))
}
