package profiles

import (
	"math"
	"testing"
)

// Session sizes of the mixes, over 200,000 users. The method names 25 and κ 5.7 for default, whose
// table gives 24.9 and 5.7; κ ≈ 12 for heavy gives 12.6. The two-point mix has 11.8 and
// 1003.6/11.8² = 7.2. Tolerance 5 % on the mean, 10 % on κ.
func TestMixMoments(t *testing.T) {
	for name, want := range map[string]struct{ mean, kappa float64 }{
		"default": {25, 5.7}, "uniform": {25, 1}, "two-vs-hundred": {11.8, 7.21}, "heavy": {30, 12.6},
	} {
		exp := Default()
		exp.Mix, _ = LookupMix(name)
		mean, kappa := sizes(NewPlan(exp), 200_000)
		if math.Abs(mean/want.mean-1) > 0.05 || math.Abs(kappa/want.kappa-1) > 0.1 {
			t.Errorf("%s: mean %.2f requests, κ %.2f; want %v", name, mean, kappa, want)
		}
	}
}

func sizes(plan *Plan, users uint32) (mean, kappa float64) {
	var n, sum, squares float64
	for user := range users {
		x := float64(plan.Player(user, 0).left)
		n, sum, squares = n+1, sum+x, squares+x*x
	}
	return sum / n, n * squares / (sum * sum)
}

func TestProfilesBehaveAsTheTableSays(t *testing.T) {
	plan := NewPlan(Default())
	writes, parallel, jars, users := [7]float64{}, [7]int{}, [7]float64{}, [7]float64{}
	steps := [7]float64{}
	for user := range uint32(20_000) {
		i := plan.Profile(user)
		users[i]++
		if plan.KeepsJar(user) {
			jars[i]++
		}
		for _, s := range play(plan, user, 0) {
			steps[i]++
			parallel[i] = max(parallel[i], s.Parallel)
			if s.Write {
				writes[i]++
			}
			if s.Write && s.Parallel != 1 {
				t.Fatalf("user %d writes %d times at once", user, s.Parallel)
			}
		}
	}
	for i, w := range Default().Mix.Profiles {
		wantJar, wantParallel := 1.0, 1
		switch w.Profile.Name {
		case "bot":
			wantJar = 0.5
		case "power":
			wantParallel = 6
		}
		if math.Abs(users[i]/20_000-w.Share) > 0.01 || math.Abs(jars[i]/users[i]-wantJar) > 0.05 ||
			math.Abs(writes[i]/steps[i]-w.Profile.Writes) > 0.01 || parallel[i] != wantParallel {
			t.Errorf("%s: %v users, %v jars, %v of %v steps write, %d parallel",
				w.Profile.Name, users[i], jars[i], writes[i], steps[i], parallel[i])
		}
	}
}
