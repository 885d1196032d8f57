package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Proportion bounds k of n at 95 %: two-sided Clopper–Pearson, and when none was seen the
// one-sided upper bound 1−0.05^(1/n). n must be positive and k at most n.
func Proportion(k, n int) (lo, hi float64) {
	if k == 0 {
		return 0, 1 - math.Pow(0.05, 1/float64(n))
	}
	lo, hi = distuv.Beta{Alpha: float64(k), Beta: float64(n - k + 1)}.Quantile(0.025), 1
	if k < n {
		hi = distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(0.975)
	}
	return lo, hi
}
