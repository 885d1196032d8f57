// Package stats holds the statistics of the report as pure functions.
package stats

import (
	"math"

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

// ChiSquaredP is the p-value of counts against a spread by weight, df n−1.
func ChiSquaredP(counts []float64, weights Weights) float64 {
	sum := 0.0
	for _, c := range counts {
		sum += c
	}
	if sum == 0 || len(counts) < 2 {
		return 1
	}
	mean, statistic := sum/float64(len(counts)), 0.0
	for i, c := range counts {
		expected := mean * weights.of(i)
		statistic += (c - expected) * (c - expected) / expected
	}
	return distuv.ChiSquared{K: float64(len(counts) - 1)}.Survival(statistic)
}
