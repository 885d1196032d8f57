package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// Published: Student's sleep data (Biometrika 6, 1908); R's t.test(extra ~ group, sleep, paired = TRUE)
// gives −1.58 with −2.4598858 to −0.7001142.
var (
	sleepA = []float64{0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0}
	sleepB = []float64{1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4}
)

func TestMeanOfPairedDifferences(t *testing.T) {
	i := Mean(Differences(sleepA, sleepB))
	near(t, "mean", i.Value, -1.58, 1e-9)
	near(t, "lo", i.Lo, -2.4598858, 1e-6)
	near(t, "hi", i.Hi, -0.7001142, 1e-6)
}

func TestOneValueBoundsNothing(t *testing.T) {
	for _, values := range [][]float64{nil, {3}} {
		if i := Mean(values); !math.IsInf(i.Lo, -1) || !math.IsInf(i.Hi, 1) {
			t.Errorf("%v: got %v, want no bounds", values, i)
		}
		if v, _, _ := Against(values, 1); v != results.Inconclusive {
			t.Errorf("%v: got %s", values, v)
		}
	}
}

func TestRatioIsTheSameFromBothSides(t *testing.T) {
	a, b := []float64{2, 3, 5, 4}, []float64{4, 5, 12, 8}
	up, down := Ratio(a, b), Ratio(b, a)
	near(t, "value", up.Value, 1/down.Value, 1e-12)
	near(t, "lo", up.Lo, 1/down.Hi, 1e-12)
	near(t, "exact factor", Ratio([]float64{1, 2, 3}, []float64{2, 4, 6}).Hi, 0.5, 1e-12)
}

// Published: Fisher, The Design of Experiments, §21, on Darwin's plants: of 32,768 patterns 863 give a
// sum of at least 314, and as many the opposite.
func TestSignFlip(t *testing.T) {
	darwin := []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}
	near(t, "Darwin", SignFlip(darwin), 2*863.0/32768, 1e-12)
	near(t, "all of one sign", SignFlip([]float64{1, 2, 3, 4, 5, 6}), 2.0/64, 1e-12)
	near(t, "no difference", SignFlip([]float64{1, -1}), 1, 0)
	near(t, "nothing", SignFlip(nil), 1, 0)
	ties := make([]float64, 30)
	for i := range ties {
		ties[i] = 0.1
	}
	near(t, "thirty alike", SignFlip(ties), 2/math.Exp2(30), 1e-15)
}

// Published: R's p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm") gives 0.04 0.06 0.06 0.06.
func TestHolm(t *testing.T) {
	for i, p := range Holm([]float64{0.04, 0.01, 0.03, 0.02}) {
		near(t, "adjusted", p, []float64{0.06, 0.04, 0.06, 0.06}[i], 1e-12)
	}
	near(t, "at most 1", Holm([]float64{0.9, 0.8})[0], 1, 0)
}

func TestAgainst(t *testing.T) {
	for _, c := range []struct {
		margin float64
		want   results.Verdict
	}{{-3, results.Fail}, {-1.5, results.Inconclusive}, {0, results.Pass}} {
		if got, lower, upper := Against(Differences(sleepA, sleepB), c.margin); got != c.want {
			t.Errorf("margin %v: got %s for %.3f … %.3f, want %s", c.margin, got, lower, upper, c.want)
		}
	}
	// R's t.test(..., alternative = "greater") of the same data mirrored: p = 0.001416.
	near(t, "p", ExceedsP(Differences(sleepB, sleepA), 0), 0.001416, 1e-6)
}

func TestBlocks(t *testing.T) {
	for ratio, want := range map[float64]int{0.5: 5, 1: 11, 2: 37} {
		if got := Blocks(ratio, 1); got != want {
			t.Errorf("deviation %v margins: got %d, want %d", ratio, got, want)
		}
	}
}

const trials = 10_000

// blocks simulates two arms that share each block's drift, which is larger than what differs.
func blocks(r *rand.Rand, k int, effect float64) (a, b []float64) {
	for i := range k {
		drift := 10 + 0.5*float64(i) + 2*r.NormFloat64()
		a = append(a, drift+effect+0.3*r.NormFloat64())
		b = append(b, drift+0.3*r.NormFloat64())
	}
	return a, b
}

func TestPairedIntervalsCover(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, k := range []int{6, 10, 24} {
		covered, coveredRatio := 0, 0
		for range trials {
			a, b := blocks(r, k, 0.7)
			if i := Mean(Differences(a, b)); i.Lo <= 0.7 && 0.7 <= i.Hi {
				covered++
			}
			for i := range a { // the same noise as factors, with a true ratio of 0.9
				a[i], b[i] = 0.9*math.Exp((a[i]-0.7)/10), math.Exp(b[i]/10)
			}
			if i := Ratio(a, b); i.Lo <= 0.9 && 0.9 <= i.Hi {
				coveredRatio++
			}
		}
		near(t, "coverage", float64(covered)/trials, 0.95, 0.01)
		near(t, "coverage of the ratio", float64(coveredRatio)/trials, 0.95, 0.01)
	}
}

// Identical arms fail at most 5 % of the time, also when three metrics may fail and Holm corrects.
func TestIdenticalArmsSeldomFail(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 2))
	failed, anyFailed, flipped := 0, 0, 0
	for range trials {
		ps := make([]float64, 3)
		for m := range ps {
			a, b := blocks(r, 10, 0)
			ps[m] = ExceedsP(Differences(a, b), 0)
			if m > 0 {
				continue
			}
			if v, _, _ := Against(Differences(a, b), 0); v == results.Fail {
				failed++
			}
			if SignFlip(Differences(a, b)) <= 0.05 {
				flipped++
			}
		}
		if adjusted := Holm(ps); min(adjusted[0], adjusted[1], adjusted[2]) <= 0.05 {
			anyFailed++
		}
	}
	// Three standard errors of a share of 5 % in 10,000 trials are 0.65 %.
	for what, n := range map[string]int{"margin 0": failed, "Holm over three": anyFailed, "sign-flip": flipped} {
		if share := float64(n) / trials; share > 0.0565 || share < 0.035 {
			t.Errorf("%s: identical arms fail in %.2f %%, want about 5 %%", what, 100*share)
		}
	}
	near(t, "a real margin", failures(r, 0.5), 0, 0.001)
}

// failures is how often identical arms fail against a margin.
func failures(r *rand.Rand, margin float64) float64 {
	failed := 0
	for range trials {
		a, b := blocks(r, 10, 0)
		if v, _, _ := Against(Differences(a, b), margin); v == results.Fail {
			failed++
		}
	}
	return float64(failed) / trials
}

// K ≈ 8.6·(s/δ)²+2 blocks pass with about 90 % power.
func TestBlocksGiveTheirPower(t *testing.T) {
	r, passed := rand.New(rand.NewPCG(5, 3)), 0
	const margin = 0.2935 // 8.6·(s/δ)² is 17.97 here, so that rounding up adds next to nothing
	k := Blocks(0.3*math.Sqrt2, margin)
	for range trials {
		a, b := blocks(r, k, 0)
		if v, _, _ := Against(Differences(a, b), margin); v == results.Pass {
			passed++
		}
	}
	near(t, "power", float64(passed)/trials, 0.9, 0.02)
}
