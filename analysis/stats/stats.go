// Package stats holds the statistics of the report as pure functions.
package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Proportion is the exact two-sided 95 % interval of Clopper and Pearson (Biometrika 26, 1934) for
// x of n. When none was seen, hi is the one-sided 95 % bound 1−0.05^(1/n).
func Proportion(x, n int64) (lo, hi float64) {
	switch {
	case n <= 0:
		return 0, 1
	case x == 0:
		return 0, 1 - math.Pow(0.05, 1/float64(n))
	case x == n:
		return math.Pow(0.05, 1/float64(n)), 1
	}
	a, b := float64(x), float64(n-x)
	lo = distuv.Beta{Alpha: a, Beta: b + 1}.Quantile(0.025)
	hi = distuv.Beta{Alpha: a + 1, Beta: b}.Quantile(0.975)
	return lo, hi
}

// BinomialTail is the probability of x or more of n when each happens with probability p.
func BinomialTail(x, n int64, p float64) float64 {
	switch {
	case x <= 0 || p >= 1:
		return 1
	case p <= 0:
		return 0
	}
	return distuv.Binomial{N: float64(n), P: p}.Survival(float64(x) - 1)
}

// Spread describes how unevenly a load lies on n instances. CV uses the divisor n.
type Spread struct {
	MaxOverMean, CV, Jain, Gini float64
}

// SpreadOf measures loads; all zero loads are even.
func SpreadOf(loads []float64) Spread {
	n := float64(len(loads))
	sum, squares := 0.0, 0.0
	for _, l := range loads {
		sum += l
		squares += l * l
	}
	if sum == 0 {
		return Spread{MaxOverMean: 1, Jain: 1}
	}
	mean := sum / n
	variance := max(0, squares/n-mean*mean)
	return Spread{MaxOverMean: slices.Max(loads) / mean, CV: math.Sqrt(variance) / mean,
		Jain: sum * sum / (n * squares), Gini: gini(loads, sum)}
}

func gini(loads []float64, sum float64) float64 {
	sorted := slices.Sorted(slices.Values(loads))
	weighted := 0.0
	for i, l := range sorted {
		weighted += float64(2*(i+1)-len(sorted)-1) * l
	}
	return weighted / (float64(len(sorted)) * sum)
}

// UnavoidableCV is the root of E[CV²] = (n−1)/N_eff of a perfectly random assignment to n instances.
func UnavoidableCV(n int, effective float64) float64 {
	if effective == 0 {
		return 0
	}
	return math.Sqrt(float64(n-1) / effective)
}

// ExcessCV is what the balancer adds: the signed root of (CV² − (n−1)/N_eff)/(1 − 1/N_eff).
func ExcessCV(cv float64, n int, effective float64) float64 {
	if effective <= 1 {
		return 0
	}
	squared := (cv*cv - float64(n-1)/effective) / (1 - 1/effective)
	return math.Copysign(math.Sqrt(math.Abs(squared)), squared)
}

// ChiSquaredP is the p-value of counts against an even spread, df n−1.
func ChiSquaredP(counts []float64) float64 {
	sum := 0.0
	for _, c := range counts {
		sum += c
	}
	if sum == 0 || len(counts) < 2 {
		return 1
	}
	expected, statistic := sum/float64(len(counts)), 0.0
	for _, c := range counts {
		statistic += (c - expected) * (c - expected) / expected
	}
	return distuv.ChiSquared{K: float64(len(counts) - 1)}.Survival(statistic)
}
