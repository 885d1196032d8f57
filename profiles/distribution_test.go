package profiles

import (
	"math"
	"testing"
)

// Deviations after the textbook formulas; the fixed seed makes the tolerance a constant.
func TestDistributionsHaveTheirDeviations(t *testing.T) {
	for text, want := range map[string]float64{
		"5ms":                    0,
		"uniform(1s, 3s)":        2 / math.Sqrt(12),
		"exponential(7s)":        7,
		"lognormal(15s, 0.5)":    15 * math.Exp(0.125) * math.Sqrt(math.Exp(0.25)-1),
		"inverse-gaussian(4, 3)": math.Sqrt(64.0 / 3),
		"pareto(1, 6)":           math.Sqrt(6.0/4) / 5,
		"empirical(1, 2, 9)":     math.Sqrt(38.0 / 3),
		"two-point(5ms, 0.02)":   0.005 * math.Sqrt(0.02*0.98),
	} {
		d, err := ParseDistribution(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := deviation(d); math.Abs(got-want) > 0.03*want+1e-9 {
			t.Errorf("%s: deviation %v, want %v", text, got, want)
		}
	}
}

func deviation(d Distribution) float64 {
	const n = 400_000
	r, sum, squares := NewRand(2), 0.0, 0.0
	for range n {
		x := d.Draw(r) - d.Mean()
		sum, squares = sum+x, squares+x*x
	}
	return math.Sqrt(squares/n - sum/n*sum/n)
}

func TestClippingHolds(t *testing.T) {
	d, err := ParseDistribution("lognormal(15s, 1.2)[5s, 60s]")
	if err != nil {
		t.Fatal(err)
	}
	r, low, high := NewRand(3), math.Inf(1), 0.0
	for range 10_000 {
		x := d.Draw(r)
		low, high = min(low, x), max(high, x)
	}
	if low != 5 || high != 60 {
		t.Fatalf("drew %v to %v, want exactly 5 to 60", low, high)
	}
}

func TestHeavyTailsStayInTheirIntegers(t *testing.T) {
	exp := only(t, "casual")
	endless, err := ParseDistribution("pareto(1, 0.001)")
	if err != nil {
		t.Fatal(err)
	}
	exp.Mix.Profiles[0].Profile.Requests, exp.Mix.Profiles[0].Profile.Think = endless, endless
	plan := NewPlan(exp)
	for user := range uint32(1000) {
		player := plan.Player(user, 0)
		for range 3 {
			if step, ok := plan.Next(&player); ok && step.Think < 0 {
				t.Fatalf("user %d thinks %v", user, step.Think)
			}
		}
	}
}
