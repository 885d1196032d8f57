package results

import (
	"fmt"
	"math"
	"strings"
)

// axis maps values to 0 … 100, the per cent of a chart's side.
type axis struct {
	least, most float64
	log         bool
}

// tick is a label at a place on an axis.
type tick struct {
	Pos  float64
	Text string
}

func (a axis) at(v float64) float64 {
	least, most := a.least, a.most
	if a.log {
		least, most, v = math.Log10(least), math.Log10(most), math.Log10(max(v, a.least))
	}
	if !(most > least) || !isNumber(v) {
		return 0
	}
	return rounded(100 * min(max((v-least)/(most-least), 0), 1))
}

// rounded keeps the page small: a thousandth of a per cent is less than a pixel.
func rounded(v float64) float64 { return math.Round(v*1000) / 1000 }

// linear is an axis from zero that ends on a round number at or above most.
func linear(most float64) axis {
	if !(most > 0) || !isNumber(most) {
		most = 1
	}
	step := niceStep(most)
	return axis{most: math.Ceil(most/step-1e-9) * step}
}

// niceStep is 1, 2 or 5 times a power of ten, so that three to six of them make up the span.
func niceStep(span float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(span/3)))
	for _, factor := range [...]float64{1, 2, 5} {
		if span/(factor*power) <= 5 {
			return factor * power
		}
	}
	return 10 * power
}

// mostTicks ends the labels of an axis that has no length.
const mostTicks = 12

func (a axis) linearTicks(text func(float64) string) (ticks []tick) {
	step := niceStep(a.most)
	for i := 0; i < mostTicks && float64(i)*step <= a.most*(1+1e-9); i++ {
		ticks = append(ticks, tick{a.at(float64(i) * step), text(float64(i) * step)})
	}
	return ticks
}

// decades is a logarithmic axis from a power of ten to one.
func decades(least, most float64) axis {
	if !(least > 0) || !(most >= least) || !isNumber(most) {
		least, most = 1e-3, 1
	}
	a := axis{least: math.Pow(10, math.Floor(math.Log10(least))), most: math.Pow(10, math.Ceil(math.Log10(most))), log: true}
	if a.most <= a.least {
		a.most = 10 * a.least
	}
	return a
}

func (a axis) logTicks(text func(float64) string) (ticks []tick) {
	for v := a.least; v <= a.most*1.001; v *= 10 {
		ticks = append(ticks, tick{a.at(v), text(v)})
	}
	return ticks
}

// secondsText is a time on an axis: the unit that needs the fewest digits.
func secondsText(s float64) string {
	switch {
	case s == 0:
		return "0"
	case s < 1e-3:
		return fmt.Sprintf("%.3g µs", 1e6*s)
	case s < 1:
		return fmt.Sprintf("%.3g ms", 1e3*s)
	case s < 600:
		return fmt.Sprintf("%.3g s", s)
	}
	return fmt.Sprintf("%.3g min", s/60)
}

func plainText(v float64) string { return fmt.Sprintf("%.4g", v) }

// side is how many units a chart's drawing has in each direction.
const side = 1000

// linePath draws points given in per cent, y upwards.
func linePath(xs, ys []float64) string {
	var path strings.Builder
	for i := range xs {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.5g %.5g", command, xs[i]*side/100, side-ys[i]*side/100)
	}
	return path.String()
}

// areaPath closes a line down to the axis.
func areaPath(xs, ys []float64) string {
	if len(xs) == 0 {
		return ""
	}
	return fmt.Sprintf("%sL%.5g %dL%.5g %dZ", linePath(xs, ys), xs[len(xs)-1]*side/100, side, xs[0]*side/100, side)
}
