package stats

import (
	"math"
	"slices"
	"testing"
)

// Half of the weight on one of four, and a load that leaves it at two fifths of its share.
func TestSpreadIsMeasuredAgainstTheWeights(t *testing.T) {
	weights := Relative([]float64{10, 2, 2, 2})
	s := SpreadOf([]float64{1, 1, 1, 1}, weights)
	near(t, "max/mean", s.MaxOverMean, 2, 1e-12)
	near(t, "CV", s.CV, math.Sqrt(0.625*0.36+3*0.125), 1e-12)
	near(t, "Jain", s.Jain, 1/1.6, 1e-12)
	near(t, "Gini", s.Gini, 0.625*0.375*(2-0.4), 1e-12) // half the mean difference of two draws by weight
	if even := SpreadOf([]float64{50, 10, 10, 10}, weights); even.MaxOverMean != 1 || even.CV != 0 || even.Gini != 0 {
		t.Errorf("a load as the weights say is even, got %+v", even)
	}
	near(t, "χ² 2.4, df 3", ChiSquaredP([]float64{1, 1, 1, 1}, weights), 0.4936346, 1e-6)
}

func TestEqualWeightsAreNone(t *testing.T) {
	loads, equal := []float64{3, 1, 4, 1, 5}, Relative([]float64{7, 7, 7, 7, 7})
	if got, want := SpreadOf(loads, equal), SpreadOf(loads, nil); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	classes := []Class{{2, 90}, {100, 10}, {1, 3000}}
	if !slices.Equal(Reassign(classes, 5, equal, 1), Reassign(classes, 5, nil, 1)) {
		t.Error("the same seed gives other assignments")
	}
}

// E[CV²] = (n−1)/N_eff for any weights, whether keys are drawn one by one or by the binomial.
func TestUnavoidableSkewHoldsForAnyWeights(t *testing.T) {
	const n, rounds = 4, 20_000
	weights := Relative([]float64{10, 5, 4, 1})
	wheel, draw := newWheel(n, weights), splitmix(1)
	for _, classes := range [][]Class{{{2, 90}, {100, 10}}, {{1, 1000}}} {
		sum := 0.0
		for range rounds {
			loads := make([]float64, n)
			for _, c := range classes {
				c.scatter(loads, wheel, &draw)
			}
			cv := SpreadOf(loads, weights).CV
			sum += cv * cv
		}
		near(t, "E[CV²]·N_eff", sum/rounds*Effective(classes), n-1, 0.1)
	}
}
