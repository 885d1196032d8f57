package stats

import (
	"cmp"
	"math"
	"slices"
)

// Weights are what instances are to carry, relative to the mean: 1 each when they are equal. nil = equal.
type Weights []float64

// Relative gives weights of any scale as Weights.
func Relative(weights []float64) Weights {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	relative := make(Weights, len(weights))
	for i, w := range weights {
		relative[i] = w / (sum / float64(len(weights)))
	}
	return relative
}

func (w Weights) of(i int) float64 {
	if w == nil {
		return 1
	}
	return w[i]
}

// Spread describes how unevenly a load lies on n instances, each load taken for its weight. CV is weighted by the
// share that an instance is to carry: with it E[CV²] = (n−1)/N_eff holds for any weights. For equal ones it has the divisor n.
type Spread struct {
	MaxOverMean, CV, Jain, Gini float64
}

// SpreadOf measures loads; all zero loads are even.
func SpreadOf(loads []float64, weights Weights) Spread {
	n := float64(len(loads))
	sum, squares := 0.0, 0.0
	carried := make([]carry, len(loads))
	for i, l := range loads {
		w := weights.of(i)
		carried[i] = carry{l / w, w}
		sum += l
		squares += l * (l / w)
	}
	if sum == 0 {
		return Spread{MaxOverMean: 1, Jain: 1}
	}
	mean := sum / n
	variance := max(0, squares/n-mean*mean)
	slices.SortFunc(carried, func(a, b carry) int { return cmp.Compare(a.load, b.load) })
	return Spread{MaxOverMean: carried[len(carried)-1].load / mean, CV: math.Sqrt(variance) / mean,
		Jain: sum * sum / (n * squares), Gini: gini(carried, sum)}
}

// carry is the load of an instance for its weight.
type carry struct{ load, weight float64 }

// gini takes the loads in order.
func gini(sorted []carry, sum float64) float64 {
	weighted, n, below := 0.0, float64(len(sorted)), 0.0
	for _, c := range sorted {
		weighted += (2*below + c.weight - n) * c.load * c.weight
		below += c.weight
	}
	return weighted / (n * sum)
}
