package stats

import (
	"math"
	"slices"
)

// mostFlips bounds the exact test: 2^(mostFlips/2) sums in each half take some 10 ms.
const mostFlips = 36

// SignFlip is the exact two-sided p of Fisher's randomization test (The Design of Experiments, 1935,
// §21): the share of the 2^n sign patterns of the differences whose sum is at least as far from zero.
// It assumes symmetry only, where the t interval assumes normality. Beyond mostFlips differences it
// gives NaN: there the t interval needs no cross-check.
func SignFlip(differences []float64) float64 {
	n := len(differences)
	if n > mostFlips {
		return math.NaN()
	}
	observed, scale := 0.0, 0.0
	for _, d := range differences {
		observed, scale = observed+d, scale+math.Abs(d)
	}
	slack := 1e-12 * scale // equal sums differ by rounding
	least := math.Abs(observed) - slack
	if least <= 0 {
		return 1
	}
	// Two sorted halves instead of 2^n sums: for each left sum count the right ones that reach far enough.
	left, right := flips(differences[:n/2]), flips(differences[n/2:])
	count, r := 0, len(right)
	for _, l := range left {
		for r > 0 && l+right[r-1] >= least {
			r--
		}
		count += len(right) - r
	}
	return 2 * float64(count) / math.Exp2(float64(n)) // the patterns are symmetric
}

// flips gives the sums under all sign patterns, sorted.
func flips(differences []float64) []float64 {
	sums := []float64{0}
	for _, d := range differences {
		next := make([]float64, 0, 2*len(sums))
		for _, s := range sums {
			next = append(next, s-d, s+d)
		}
		sums = next
	}
	slices.Sort(sums)
	return sums
}
