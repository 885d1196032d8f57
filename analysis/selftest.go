package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// SelfTest says how often gates on changes err: on arms that do not differ, and on a true regression.
type SelfTest struct {
	Runs        int    `json:"runs"`
	Blocks      int    `json:"blocks"`
	Data        string `json:"data"`         // what the arms are made of
	FalseAlarms int    `json:"false_alarms"` // identical arms that failed
	Found       int    `json:"found"`        // regressions of twice the margin that failed
}

// Of a self-test: how many gate runs, and how often identical arms may fail.
const (
	selfTestRuns    = 200
	mostFalseAlarms = 0.05
	syntheticBlocks = 10
	syntheticNoise  = 0.7 // of the margin, in each block
	usualMargin     = 0.05
)

// Passed says whether the false alarms are consistent with at most 5 %.
func (s SelfTest) Passed() bool {
	lo, _ := stats.Proportion(int64(s.FalseAlarms), int64(s.Runs))
	return lo <= mostFalseAlarms
}

// TestGates runs the gates on a change many times on arms that do not differ, and on arms that differ
// by twice the margin. The arms are those of the sides with each block's pair swapped or not by a coin,
// which leaves no difference but that of chance; without enough blocks they are made up.
func TestGates(candidate, baseline *Side, exprs []string, seed uint64) (SelfTest, error) {
	trials, data, err := trialsOf(candidate, baseline, exprs)
	if err != nil {
		return SelfTest{}, err
	}
	if len(trials) == 0 {
		return SelfTest{}, fmt.Errorf("--self-test needs a gate on a change, such as latency.response.p99 < +5%%: its error is what is tested")
	}
	test := SelfTest{Runs: selfTestRuns, Blocks: len(trials[0].first), Data: data}
	r := rand.New(rand.NewPCG(seed, uint64(test.Blocks)))
	for range selfTestRuns {
		swap := make([]bool, test.Blocks)
		for i := range swap {
			swap[i] = r.Uint64()&1 == 1
		}
		if alarmed(trials, swap, r, 0) {
			test.FalseAlarms++
		}
		if alarmed(trials, swap, r, 2) {
			test.Found++
		}
	}
	return test, nil
}

// trial is one gate with the figures that it is tried on.
type trial struct {
	gate
	first, second []float64
	synthetic     bool
}

func trialsOf(candidate, baseline *Side, exprs []string) (trials []trial, data string, err error) {
	p, _, err := pairUp(candidate, baseline)
	if err != nil {
		return nil, "", err
	}
	data = "the blocks of this comparison, each pair swapped by a coin"
	synthetic := p == nil || len(p.candidate) < leastBlocks
	if synthetic {
		data = fmt.Sprintf("made up: %d blocks with noise of %.1f margins", syntheticBlocks, syntheticNoise)
	}
	for _, text := range exprs {
		g, err := parseGate(text)
		if err != nil {
			return nil, "", err
		}
		if g.change == absolute {
			continue
		}
		t := trial{gate: g, synthetic: synthetic}
		if t.first, t.second = make([]float64, syntheticBlocks), make([]float64, syntheticBlocks); !synthetic {
			first, why := g.series(p.candidate)
			second, whyNot := g.series(p.baseline)
			if why+whyNot != "" {
				return nil, "", fmt.Errorf("gate %q: %s%s", g.text, why, whyNot)
			}
			t.first, t.second = first.values, second.values
		}
		trials = append(trials, t)
	}
	return trials, data, nil
}

// alarmed says whether any gate fails when the candidate is worse by so many margins.
func alarmed(trials []trial, swap []bool, r *rand.Rand, margins float64) bool {
	var checks []results.Check
	var strength []float64
	for _, t := range trials {
		candidate, baseline := t.arms(swap, r)
		check, p := t.paired(t.worsen(candidate, margins), baseline)
		checks, strength = append(checks, check), append(strength, p)
	}
	correct(checks, strength)
	worst, _ := gated(checks)
	return worst == results.Fail
}

// arms are two columns that differ by chance only.
func (t trial) arms(swap []bool, r *rand.Rand) (candidate, baseline []float64) {
	candidate, baseline = make([]float64, len(swap)), make([]float64, len(swap))
	for i, swapped := range swap {
		switch {
		case t.synthetic:
			drift, noise := 1+0.5*r.Float64(), syntheticNoise*t.size()/math.Sqrt2
			candidate[i], baseline[i] = drift*(1+noise*r.NormFloat64()), drift*(1+noise*r.NormFloat64())
			if t.change == difference {
				candidate[i], baseline[i] = drift+noise*r.NormFloat64(), drift+noise*r.NormFloat64()
			}
		case swapped:
			candidate[i], baseline[i] = t.second[i], t.first[i]
		default:
			candidate[i], baseline[i] = t.first[i], t.second[i]
		}
	}
	return candidate, baseline
}

// size is how large the gate's margin is; +0% has none, and takes one that is usual.
func (t trial) size() float64 {
	if t.limit == 0 {
		return usualMargin
	}
	return math.Abs(t.limit)
}

// worsen makes a column worse by so many margins, in the direction that the gate calls harm.
func (t trial) worsen(values []float64, margins float64) []float64 {
	worse := make([]float64, len(values))
	for i, v := range values {
		if t.change == difference {
			worse[i] = v + margins*t.sign()*t.size()
			continue
		}
		worse[i] = v * math.Pow(1+t.sign()*t.size(), margins)
	}
	return worse
}
