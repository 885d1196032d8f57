package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(t *testing.T, what string, got, want, by float64) {
	t.Helper()
	if math.Abs(got-want) > by {
		t.Errorf("%s: got %.6g, want %.6g ± %g", what, got, want, by)
	}
}

func TestProportionAgainstPublishedValues(t *testing.T) {
	lo, hi := Proportion(10, 100)
	near(t, "10 of 100, lower", lo, 0.0490, 1e-4)
	near(t, "10 of 100, upper", hi, 0.1762, 1e-4)
	_, hi = Proportion(0, 612)
	near(t, "0 of 612", hi, 0.00488, 1e-5)
	lo, hi = Proportion(5, 5)
	near(t, "5 of 5, lower", lo, 0.4782, 1e-4)
	near(t, "5 of 5, upper", hi, 1, 0)
}

func TestJainOfOneBusyInstance(t *testing.T) {
	near(t, "jain", Jain(CV([]float64{8, 0, 0, 0})), 0.25, 1e-12)
	near(t, "even", Jain(CV([]float64{2, 2})), 1, 1e-12)
}

// Method, section 3: E[CV²] = (n−1)/N_eff exactly, so the mean excess square is zero.
func TestRandomAssignmentHasNoExcess(t *testing.T) {
	const n, rounds = 10, 4000
	r := rand.New(rand.NewPCG(1, 2))
	weights := make([]float64, 200)
	for i := range weights {
		weights[i] = 2
		if i%10 == 0 {
			weights[i] = 100
		}
	}
	effective, squares, excess, peak := Effective(weights), 0.0, 0.0, 0.0
	for range rounds {
		loads, total, top := make([]float64, n), 0.0, 0.0
		for _, w := range weights {
			loads[r.IntN(n)] += w
			total += w
		}
		for _, l := range loads {
			top = max(top, l)
		}
		cv := CV(loads)
		e := Excess(cv, n, effective)
		squares, excess, peak = squares+cv*cv, excess+e*math.Abs(e), peak+top*n/total
	}
	want := Unavoidable(n, effective)
	near(t, "E[CV²]", squares/rounds, want*want, 0.02)
	near(t, "excess", excess/rounds, 0, 0.02)
	near(t, "max/mean at 20 sessions per instance", peak/rounds, 2.03, 0.06)
}
