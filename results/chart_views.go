package results

import (
	"fmt"
	"math"
	"strings"
)

// chartView is a chart as the template draws it. Places are per cent of its sides.
type chartView struct {
	ID, Title, Summary string
	Height             int // CSS pixels
	X, Y               []tick
	Shades             []shade
	Marks              []tick
	Series             []seriesView
}

// Grid is the lines behind the series.
func (v chartView) Grid() string { return gridPath(v.Y) }

type seriesView struct {
	Name, Line, Area string
	Color            int
}

// shade is a stretch of a chart's width.
type shade struct {
	From, Width float64
	Kind        string // "warm-up" or "outage"
}

// readout is what a chart says of the place under the pointer.
type readout struct {
	X      []float64  `json:"x"`
	Labels []string   `json:"labels"`
	Values [][]string `json:"values"` // of each series
}

// colors is how many colours the style sheet has.
const colors = 10

// curveCharts draws one chart for each group of curves.
func (v *htmlView) curveCharts(c *Charts) {
	for _, group := range [...][2]string{{"arm", "Response time by arm"}, {"clock", "Response time against service, store and handler time"}, {"profile", "Response time by profile"}} {
		var curves []Curve
		for _, curve := range c.Curves {
			if curve.Group == group[0] {
				curves = append(curves, curve)
			}
		}
		if len(curves) > 0 {
			v.curveChart("curves-"+group[0], group[1], curves)
		}
	}
}

func (v *htmlView) curveChart(id, title string, curves []Curve) {
	least, most, longest := math.Inf(1), 0.0, 0
	for _, curve := range curves {
		longest = max(longest, len(curve.Points))
		for _, p := range curve.Points {
			if p.Seconds > 0 && isNumber(p.Seconds) {
				least, most = min(least, p.Seconds), max(most, p.Seconds)
			}
		}
	}
	y := decades(least, most)
	nines := axis{most: max(1, decadesOf(curves))}
	view := chartView{ID: id, Title: title, Height: 260, Y: y.logTicks(secondsText),
		Summary: "Latency below which a share of the answers stayed, both axes logarithmic: the further right, the rarer."}
	for d := 0.0; d <= nines.most+1e-9; d++ {
		view.X = append(view.X, tick{nines.at(d), quantileText(d)})
	}
	view.X = thinned(view.X)
	read := readout{}
	for i, curve := range curves {
		var xs, ys []float64
		var values []string
		for _, p := range curve.Points {
			x := nines.at(-math.Log10(1 - p.Below))
			if xs, ys = append(xs, x), append(ys, y.at(p.Seconds)); len(xs) > len(read.X) {
				read.X, read.Labels = append(read.X, x), append(read.Labels, fmt.Sprintf("%.5g %%", 100*p.Below))
			}
			values = append(values, Figure(p.Seconds, Seconds))
		}
		read.Values = append(read.Values, values)
		view.Series = append(view.Series, seriesView{Name: curve.Name, Line: linePath(xs, ys), Color: i % colors})
	}
	v.Curves, v.Data.Charts[id] = append(v.Curves, view), read
}

func decadesOf(curves []Curve) (most float64) {
	for _, curve := range curves {
		for _, p := range curve.Points {
			if nines := -math.Log10(1 - p.Below); nines <= mostNines { // false for what is no number
				most = max(most, nines)
			}
		}
	}
	return most
}

// mostNines is beyond any run: a quantile that one in 10¹² answers exceeds.
const mostNines = 12

func quantileText(nines float64) string {
	if nines == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.6g %%", 100-100*math.Pow(10, -nines))
}

// timeCharts draws what happened in each window.
func (v *htmlView) timeCharts(r *Report, c *Charts) {
	if len(c.Windows) == 0 {
		return
	}
	v.timeChart(r, c, "requests", "Requests per second", 0, func(w Window) float64 { return float64(w.Requests) / w.Length })
	v.timeChart(r, c, "errors", "Failed requests per second", 4, func(w Window) float64 { return float64(w.Errors) / w.Length })
	v.timeChart(r, c, "inflight", "Requests in flight", 2, func(w Window) float64 { return w.InFlight })
}

func (v *htmlView) timeChart(r *Report, c *Charts, id, title string, color int, value func(Window) float64) {
	most, sum := 0.0, 0.0
	for _, w := range c.Windows {
		most, sum = max(most, value(w)), sum+value(w)
	}
	x, y := axis{most: c.Length}, linear(most)
	view := chartView{ID: id, Title: title, Height: 110, X: timeTicks(c.Length), Y: y.linearTicks(plainText), Shades: shades(c), Marks: marks(r, c.Length),
		Summary: fmt.Sprintf("mean %.4g, greatest %.4g in a window of %s", sum/float64(len(c.Windows)), most, secondsText(c.Windows[0].Length))}
	if most == 0 {
		view.Summary, view.Height, view.Y = "none", 40, view.Y[:1]
	}
	var xs, ys []float64
	read := readout{Values: [][]string{nil}}
	for _, w := range c.Windows {
		xs, ys = append(xs, x.at(w.At+w.Length/2)), append(ys, y.at(value(w)))
		read.Labels, read.Values[0] = append(read.Labels, secondsText(w.At+w.Length/2)), append(read.Values[0], plainText(value(w)))
	}
	read.X = xs
	view.Series = []seriesView{{Name: title, Line: linePath(xs, ys), Area: areaPath(xs, ys), Color: color}}
	v.Time, v.Data.Charts[id] = append(v.Time, view), read
}

func timeTicks(length float64) (ticks []tick) {
	x := axis{most: length}
	for _, t := range x.linearTicks(secondsText) {
		if t.Pos <= 97 {
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// shades are the warm-up and the outages.
func shades(c *Charts) (list []shade) {
	x := axis{most: c.Length}
	if c.Warmup > 0 {
		list = append(list, shade{0, x.at(c.Warmup), "warm-up"})
	}
	for _, o := range c.Outages {
		list = append(list, shade{x.at(o.From), rounded(x.at(o.To) - x.at(o.From)), "outage"})
	}
	return list
}

// apart is how near labels of events may come to each other on a phone, in per cent of the width.
const apart = 14

// marks number the events of the timeline; those whose labels would overlap share one.
func marks(r *Report, length float64) (list []tick) {
	x, first := axis{most: length}, 0
	for i, e := range r.Timeline {
		mark := tick{Pos: x.at(e.At)}
		if i > 0 && mark.Pos-list[first].Pos < apart {
			list[first].Text = fmt.Sprintf("%d–%d", first+1, i+1)
		} else {
			first, mark.Text = i, fmt.Sprint(i+1)
		}
		list = append(list, mark)
	}
	return list
}

// gridPath draws a line across the chart at each tick.
func gridPath(ticks []tick) string {
	var path strings.Builder
	for _, t := range ticks {
		fmt.Fprintf(&path, "M0 %.5gH%d", side-t.Pos*side/100, side)
	}
	return path.String()
}

// thinned keeps every other label where all would not fit on a phone.
func thinned(ticks []tick) []tick {
	if len(ticks) <= 5 {
		return ticks
	}
	for i := 1; i < len(ticks); i += 2 {
		ticks[i].Text = ""
	}
	return ticks
}
