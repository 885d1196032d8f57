package profiles

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Distribution is one random quantity, in seconds or as a plain number. It is written as
//
//	5ms                          always 5 ms
//	uniform(1s, 3s)              low, high
//	exponential(7s)              mean
//	lognormal(15s, 1.2)          median, σ of the logarithm
//	inverse-gaussian(4, 3)       mean μ, shape λ
//	pareto(1, 1.5)               least value, tail index α
//	empirical(1, 2, 2, 9)        one of these, equally likely
//	two-point(5ms, 0.02)         the value with that probability, otherwise 0
//
// and may be clipped: lognormal(15s, 1.2)[0, 600s]. The zero Distribution is always 0.
type Distribution struct {
	kind string
	args []float64
	low  float64
	high float64 // +Inf when not clipped
}

// shape is one kind of distribution: how many arguments it takes (-1: any), its mean before
// clipping and one draw.
type shape struct {
	args string
	n    int
	mean func(a []float64) float64
	draw func(a []float64, r *Rand) float64
}

func shapeOf(kind string) (shape, bool) {
	switch kind {
	case "constant":
		return shape{"value", 1, func(a []float64) float64 { return a[0] }, func(a []float64, _ *Rand) float64 { return a[0] }}, true
	case "uniform":
		return shape{"low, high", 2, func(a []float64) float64 { return (a[0] + a[1]) / 2 },
			func(a []float64, r *Rand) float64 { return a[0] + (a[1]-a[0])*r.Float() }}, true
	case "exponential":
		return shape{"mean", 1, func(a []float64) float64 { return a[0] }, func(a []float64, r *Rand) float64 { return a[0] * r.Exponential() }}, true
	case "lognormal":
		return shape{"median, sigma", 2, func(a []float64) float64 { return a[0] * math.Exp(a[1]*a[1]/2) },
			func(a []float64, r *Rand) float64 { return a[0] * math.Exp(a[1]*r.Normal()) }}, true
	case "inverse-gaussian":
		return shape{"mean, shape", 2, func(a []float64) float64 { return a[0] }, inverseGaussian}, true
	case "pareto":
		return shape{"least, tail index", 2, paretoMean, func(a []float64, r *Rand) float64 { return a[0] * math.Pow(1-r.Float(), -1/a[1]) }}, true
	case "empirical":
		return shape{"value, value, …", -1, average, func(a []float64, r *Rand) float64 { return a[int(r.Float()*float64(len(a)))] }}, true
	case "two-point":
		return shape{"value, probability", 2, func(a []float64) float64 { return a[0] * a[1] }, twoPoint}, true
	}
	return shape{}, false
}

// kinds in the order of the documentation.
const kinds = "constant, uniform, exponential, lognormal, inverse-gaussian, pareto, empirical, two-point"

// inverseGaussian follows Michael, Schucany and Haas, The American Statistician 30 (1976) 88–90.
func inverseGaussian(a []float64, r *Rand) float64 {
	mu, lambda := a[0], a[1]
	z := r.Normal()
	y := z * z
	x := mu + mu*mu*y/(2*lambda) - mu/(2*lambda)*math.Sqrt(4*mu*lambda*y+mu*mu*y*y)
	if r.Float() <= mu/(mu+x) {
		return x
	}
	return mu * mu / x
}

func paretoMean(a []float64) float64 {
	if a[1] <= 1 {
		return math.Inf(1)
	}
	return a[0] * a[1] / (a[1] - 1)
}

func average(a []float64) (mean float64) {
	for _, v := range a {
		mean += v / float64(len(a))
	}
	return mean
}

func twoPoint(a []float64, r *Rand) float64 {
	if r.Float() < a[1] {
		return a[0]
	}
	return 0
}

// Constant is always value.
func Constant(value float64) Distribution {
	if value == 0 {
		return Distribution{}
	}
	return Distribution{kind: "constant", args: []float64{value}, high: math.Inf(1)}
}

// IsZero says whether the distribution is the zero one.
func (d Distribution) IsZero() bool { return d.kind == "" }

// Draw takes one value from r. The number of values taken from r depends on the kind alone.
func (d Distribution) Draw(r *Rand) float64 {
	s, ok := shapeOf(d.kind)
	if !ok {
		return 0
	}
	return min(max(s.draw(d.args, r), d.low), d.high)
}

// DrawDuration is Draw as a time.
func (d Distribution) DrawDuration(r *Rand) time.Duration {
	return time.Duration(d.Draw(r) * float64(time.Second))
}

// Mean is the mean before clipping.
func (d Distribution) Mean() float64 {
	s, ok := shapeOf(d.kind)
	if !ok {
		return 0
	}
	return s.mean(d.args)
}

// String is what ParseDistribution reads.
func (d Distribution) String() string {
	if d.IsZero() {
		return "0"
	}
	text := make([]string, len(d.args))
	for i, a := range d.args {
		text[i] = number(a)
	}
	s := d.kind + "(" + strings.Join(text, ", ") + ")"
	if d.low != 0 || !math.IsInf(d.high, 1) {
		s += "[" + number(d.low) + ", " + number(d.high) + "]"
	}
	return s
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// ParseDistribution reads the forms that Distribution documents.
func ParseDistribution(text string) (Distribution, error) {
	d := Distribution{kind: "constant", high: math.Inf(1)}
	rest := strings.TrimSpace(text)
	rest, clip, clipped := strings.Cut(rest, "[")
	if head, tail, ok := strings.Cut(rest, "("); ok {
		d.kind, rest = strings.TrimSpace(head), strings.TrimSuffix(strings.TrimSpace(tail), ")")
	}
	s, ok := shapeOf(d.kind)
	if !ok {
		return d, fmt.Errorf("distribution %q: unknown kind %q; use one of %s", text, d.kind, kinds)
	}
	var err error
	if d.args, err = quantities(rest); err == nil && clipped {
		err = d.clip(strings.TrimSuffix(strings.TrimSpace(clip), "]"))
	}
	if err != nil {
		return d, fmt.Errorf("distribution %q: %w", text, err)
	}
	if (s.n >= 0 && len(d.args) != s.n) || len(d.args) == 0 {
		return d, fmt.Errorf("distribution %q: %s takes (%s)", text, d.kind, s.args)
	}
	if d.kind == "constant" && !clipped {
		return Constant(d.args[0]), d.check(text)
	}
	return d, d.check(text)
}

func (d *Distribution) clip(text string) error {
	limits, err := quantities(text)
	if err != nil {
		return err
	}
	if len(limits) != 2 || limits[0] > limits[1] {
		return fmt.Errorf("clip [%s]: give [least, greatest]", text)
	}
	d.low, d.high = limits[0], limits[1]
	return nil
}

// check refuses arguments for which the kind has no meaning; times and counts are never negative.
func (d Distribution) check(text string) error {
	positive := d.kind == "lognormal" || d.kind == "inverse-gaussian" || d.kind == "pareto"
	for _, a := range d.args {
		if a < 0 || math.IsNaN(a) || math.IsInf(a, 0) || (positive && a == 0 && d.kind != "lognormal") {
			return fmt.Errorf("distribution %q: %s is out of range; use positive numbers", text, number(a))
		}
	}
	if d.kind == "uniform" && d.args[0] > d.args[1] || d.kind == "two-point" && d.args[1] > 1 {
		return fmt.Errorf("distribution %q: out of order; uniform takes (low, high), two-point (value, probability up to 1)", text)
	}
	return nil
}

// quantities reads numbers and durations; durations become seconds.
func quantities(text string) (values []float64, err error) {
	for _, field := range strings.Split(text, ",") {
		field = strings.TrimSpace(field)
		v, err := strconv.ParseFloat(field, 64)
		if err != nil {
			d, err := time.ParseDuration(field)
			if err != nil {
				return nil, fmt.Errorf("%q is neither a number nor a duration such as 5ms", field)
			}
			v = d.Seconds()
		}
		values = append(values, v)
	}
	return values, nil
}

// Equal says whether both draw the same values.
func (d Distribution) Equal(o Distribution) bool {
	return d.kind == o.kind && slices.Equal(d.args, o.args) && d.low == o.low && d.high == o.high
}

// MarshalText writes String, for JSON.
func (d Distribution) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it back.
func (d *Distribution) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDistribution(string(text))
	return err
}
