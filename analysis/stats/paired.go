package stats

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is an estimate with its two-sided 95 % interval over N blocks.
type Interval struct {
	Value, Lo, Hi float64
	N             int
}

// Mean is the Student interval mean ± t(n−1)·s/√n of independent values; fewer than two bound nothing.
func Mean(values []float64) Interval {
	mean, margin := halfWidth(values, 0.975)
	return Interval{Value: mean, Lo: mean - margin, Hi: mean + margin, N: len(values)}
}

// halfWidth is the mean and how far its one-sided bound at that level lies from it.
func halfWidth(values []float64, level float64) (mean, margin float64) {
	switch len(values) {
	case 0:
		return 0, math.Inf(1)
	case 1:
		return values[0], math.Inf(1)
	}
	n := float64(len(values))
	mean, deviation := stat.MeanStdDev(values, nil)
	t := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(level)
	return mean, t * stat.StdErr(deviation, n)
}

// Differences pairs two arms block by block: a − b.
func Differences(a, b []float64) []float64 {
	d := make([]float64, min(len(a), len(b)))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}

// Ratio is the paired interval of a/b, taken on the logarithms: it is the same whichever arm is the
// larger, and never crosses zero. All values must be above zero.
func Ratio(a, b []float64) Interval {
	i := Mean(Differences(logs(a), logs(b)))
	return Interval{Value: math.Exp(i.Value), Lo: math.Exp(i.Lo), Hi: math.Exp(i.Hi), N: i.N}
}

func logs(values []float64) []float64 {
	l := make([]float64, len(values))
	for i, v := range values {
		l[i] = math.Log(v)
	}
	return l
}
