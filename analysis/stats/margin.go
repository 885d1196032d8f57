package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/stickybench/stickybench/results"
)

// Against judges the paired harm of each block against a margin fixed beforehand, by its one-sided
// 95 % bounds: pass when the harm is surely below the margin, fail when surely above, otherwise
// inconclusive. A large p-value is never a pass.
func Against(harm []float64, margin float64) (verdict results.Verdict, lower, upper float64) {
	mean, width := halfWidth(harm, 0.95)
	lower, upper = mean-width, mean+width
	switch {
	case upper < margin:
		return results.Pass, lower, upper
	case lower > margin:
		return results.Fail, lower, upper
	}
	return results.Inconclusive, lower, upper
}

// ExceedsP is the one-sided p-value of the hypothesis that the mean harm is at most the margin: what
// Holm corrects when several metrics may declare a failure.
func ExceedsP(harm []float64, margin float64) float64 {
	if len(harm) < 2 {
		return 1
	}
	n := float64(len(harm))
	mean, deviation := stat.MeanStdDev(harm, nil)
	if deviation == 0 {
		if mean > margin {
			return 0
		}
		return 1
	}
	t := (mean - margin) / stat.StdErr(deviation, n)
	return distuv.StudentsT{Sigma: 1, Nu: n - 1}.Survival(t)
}

// Holm adjusts p-values so that rejecting those at most α errs anywhere with probability at most α
// (Scandinavian Journal of Statistics 6, 1979). The order is kept.
func Holm(ps []float64) []float64 {
	order := make([]int, len(ps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	adjusted, running := make([]float64, len(ps)), 0.0
	for rank, i := range order {
		running = max(running, min(1, float64(len(ps)-rank)*ps[i]))
		adjusted[i] = running
	}
	return adjusted
}

// Deviation is the sample standard deviation of the paired differences.
func Deviation(differences []float64) float64 { return stat.StdDev(differences, nil) }

// Blocks is how many paired blocks are needed to pass with 90 % power, one-sided at 5 %, when in truth
// there is no harm: (1.645+1.282)² ≈ 8.6 times (deviation/margin)², and 2 for the t quantile.
func Blocks(deviation, margin float64) int {
	ratio := deviation / margin
	return int(math.Ceil(8.6*ratio*ratio)) + 2
}
