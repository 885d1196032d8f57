package stats

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s: got %.5f, want %.5f", what, got, want)
	}
}

// Published: R's binom.test(8, 20) gives 0.1911901 to 0.6394574.
func TestProportion(t *testing.T) {
	lo, hi := Proportion(8, 20)
	near(t, "lo", lo, 0.1911901, 1e-6)
	near(t, "hi", hi, 0.6394574, 1e-6)
	_, hi = Proportion(0, 3000)
	near(t, "rule of three", hi, 3.0/3000, 1e-5)
}

func TestSpread(t *testing.T) {
	s := SpreadOf([]float64{1, 2, 3, 4}, nil)
	near(t, "max/mean", s.MaxOverMean, 1.6, 1e-9)
	near(t, "cv", s.CV, math.Sqrt(1.25)/2.5, 1e-9)
	near(t, "jain", s.Jain, 100.0/120, 1e-9)
	near(t, "jain identity", s.Jain, 1/(1+s.CV*s.CV), 1e-9)
	near(t, "gini", s.Gini, 0.25, 1e-9)
}

func TestChiSquared(t *testing.T) {
	near(t, "p", ChiSquaredP([]float64{10, 20, 30}, nil), 0.0067379, 1e-6) // χ² = 10, df 2: e^−5
}

// Ten instances, 90 % sessions of 2 requests and 10 % of 100: the mean of max/mean by sessions per
// instance. The largest is drawn by class, the others key by key.
func TestTwoVersusHundred(t *testing.T) {
	for perInstance, want := range map[int64]float64{10: 2.54, 20: 2.03, 50: 1.63, 500: 1.19, 5000: 1.06} {
		outcomes, sum := Reassign([]Class{{2, 9 * perInstance}, {100, perInstance}}, 10, nil, 1), 0.0
		for _, o := range outcomes {
			sum += o
		}
		near(t, "max/mean", sum/float64(len(outcomes)), want, 0.05/math.Sqrt(float64(perInstance)/10))
	}
}

// E[CV²] = (n−1)/N_eff exactly, so the mean of the excess's square is 0 for random assignment.
func TestExcessIsUnbiased(t *testing.T) {
	weights, classes := []float64{5, 1, 1, 2, 8, 3, 1, 1, 4, 9, 2, 2}, []Class{{1, 4}, {2, 3}, {3, 1}, {4, 1}, {5, 1}, {8, 1}, {9, 1}}
	effective, sum := Effective(classes), 0.0
	const rounds, n = 40_000, 4
	seed := uint64(9)
	for range rounds {
		loads := make([]float64, n)
		for _, w := range weights {
			seed += 0x9e3779b97f4a7c15
			z := (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
			loads[(z^z>>27)>>40%n] += w
		}
		cv := SpreadOf(loads, nil).CV
		sum += cv * cv
	}
	near(t, "E[CV²]", sum/rounds, (n-1)/effective, 0.01)
}
