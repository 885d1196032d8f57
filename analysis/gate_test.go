package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func TestGateDecides(t *testing.T) {
	lo, hi := 0.01, 0.03
	report := &results.Report{Runs: []results.ReportRun{{Name: "one"}, {Name: "two"}}, Metrics: []results.Metric{
		{Name: "a.b", Labels: map[string]string{"profile": "x"}, Unit: "ratio", Value: 0.02, Lo: &lo, Hi: &hi, N: 9},
		{Name: "a.negative", Unit: "ratio", Value: -0.5, N: 9},
		{Name: "a.nothing", Unit: "ratio"},
		{Name: "a.broken", Unit: "ratio", Value: math.NaN(), N: 9},
		{Name: "a.twice", Run: 0, Unit: "count", Value: 1, N: 1}, {Name: "a.twice", Run: 1, Unit: "count", Value: 5, N: 1},
		{Name: "a.time", Unit: "seconds", Value: 0.02, N: 9, Warnings: []string{"insufficient: 3 answers"}}}}
	for text, want := range map[string]results.Verdict{
		`a.b{profile="x"} < 5%`:         results.Pass,
		`a.b{profile="x"} < 0.025`:      results.Inconclusive,
		`a.b{profile="x"}<=0.005 ratio`: results.Fail,
		`a.b{profile="x"} >= 1%`:        results.Pass,
		`a.b{profile="x"} == 2%`:        results.Pass,
		`a.b{profile="y"} < 5%`:         results.Invalid,
		`a.negative < (-0.1)`:           results.Pass,
		`a.negative < (-60%)`:           results.Fail,
		`a.nothing < 1`:                 results.Invalid,
		`a.broken < 1`:                  results.Invalid,
		`a.broken > 1`:                  results.Invalid,
		`a.twice < 3`:                   results.Invalid,
		`a.twice{run="two"} < 3`:        results.Fail,
		`a.time < 50ms`:                 results.Inconclusive,
		`latency.store.p99 < 50ms`:      results.Invalid,
		`a.b{profile="x"} < +5%`:        results.Inconclusive,
	} {
		checks, err := Gate(report, []string{text})
		if err != nil || checks[0].Verdict != want || want != results.Pass && checks[0].Outcome() == "" {
			t.Errorf("%s: got %+v, %v; want %s", text, checks, err, want)
		}
	}
}

// The caret stands below the character that is wrong.
func TestGateErrorsPointAtTheCharacter(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "a.b": 3, "a.b =< 1": 4, "a.b < x": 6, "a.b < 1 parsec": 8, `a.b{profile=x} < 1`: 11, "a.b == +5%": 7,
		"a.b < 1pp": 6, "a.b < -100%": 6, "a.b < (1": 8, "a.b < 1 % 2": 10, `µ < 1`: 0, `a.b{profile="µ"x} < 1`: 15,
		"latency.response.p99 < 50": 25, "latency.response.p99 < 5 ratio": 25, "errors.ratio < 5ms": 16,
		"errors.ratio < +1ms": 17, "requests.rate > 5%": 17, " errors.ratio < 5ms": 16,
	} {
		_, err := parseGate(text)
		if err == nil {
			t.Errorf("%q: no error", text)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != 3 || lines[2] != strings.Repeat(" ", want+2)+"^" || !strings.Contains(lines[0], fmt.Sprintf("character %d:", want+1)) {
			t.Errorf("%q: want the caret below %d:\n%v", text, want, err)
		}
	}
}

func TestUnknownMetricIsSuggested(t *testing.T) {
	for text, want := range map[string]string{
		"affinity.broke_ratio < 1%": "did you mean affinity.broken_ratio?", "latency.responce.p99 < 5ms": "did you mean latency.response.p99?",
		"zzzzzzzzzzzzzzzzzz < 1": "docs/metrics.md"} {
		if err := CheckGates([]string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", text, err)
		}
		if _, err := Gate(&results.Report{}, []string{text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if err := CheckGates([]string{"affinity.broken_ratio < 0.1%", `latency.response.p99{profile="bot"} < +5%`, "saving.p50 > 0.3ms"}); err != nil {
		t.Error(err)
	}
}

func FuzzGrammar(f *testing.F) {
	for _, text := range []string{"errors.ratio < 5%", `latency.response.p99{profile="bot"} < +5%`, "saving.p50 > (-0.1ms)", "errors.ratio<é"} {
		f.Add(text)
	}
	r := &results.Report{Metrics: []results.Metric{{Name: "errors.ratio", Unit: "ratio", Value: 0.5, N: 9}}}
	f.Fuzz(func(t *testing.T, text string) {
		if checks, err := Gate(r, []string{text}); err == nil && len(checks) != 1 {
			t.Errorf("%q: %v", text, checks)
		}
	})
}

// built are seeded blocks of two builds: p99 near 20 ms under drift larger than what the builds differ by.
func built(seed uint64, blocks int, noise, regression float64) *pairs {
	r, p := rand.New(rand.NewPCG(seed, 99)), &pairs{}
	for range blocks {
		drift := 0.02 * (1 + 0.3*r.Float64())
		make := func(factor float64) *results.Report {
			s := &sheet{}
			for _, point := range []string{"p50", "p99"} {
				s.put(results.Metric{Name: "latency.response." + point, Unit: "seconds", Better: "lower", N: 9000,
					Value: drift * factor * math.Exp(noise/math.Sqrt2*r.NormFloat64())})
			}
			s.put(results.Metric{Name: "requests.rate", Unit: "per_second", Better: "higher", N: 9000,
				Value: 500 / drift / factor * math.Exp(noise/math.Sqrt2*r.NormFloat64())})
			return &results.Report{Metrics: s.metrics}
		}
		p.candidate, p.baseline = append(p.candidate, make(1+regression)), append(p.baseline, make(1))
	}
	return p
}

var changeGates = []string{"latency.response.p50 < +5%", "latency.response.p99 < +5%", "requests.rate > -5%"}

func failures200(t *testing.T, blocks int, noise, regression float64, exprs ...string) int {
	t.Helper()
	failed := 0
	for seed := range uint64(200) {
		p := built(seed, blocks, noise, regression)
		checks, err := judgeGates(p.candidate[0], p, exprs)
		if err != nil {
			t.Fatal(err)
		}
		if worst, _ := gated(checks); worst == results.Fail {
			failed++
		}
	}
	return failed
}

// Of 200 gate runs on identical builds at most 5 % fail, and of 200 on a regression of twice the margin
// at least 90 % do.
func TestGateErrorRates(t *testing.T) {
	for _, noise := range []float64{0.01, 0.03, 0.045} {
		for _, gates := range [][]string{changeGates[1:2], changeGates} {
			if n := failures200(t, 10, noise, 0, gates...); n > 10 {
				t.Errorf("noise %v: %d of 200 identical builds failed %v", noise, n, gates)
			}
			if n := failures200(t, 10, noise, 0.1025, gates...); n < 180 {
				t.Errorf("noise %v: only %d of 200 regressions of twice the margin failed %v", noise, n, gates)
			}
		}
	}
	if n := failures200(t, 10, 0.03, 0, "latency.response.p50 < +0%", "latency.response.p99 < +0%", "requests.rate > -0%"); n > 18 {
		t.Errorf("without a margin %d of 200 failed, want about 5 %%", n)
	}
}

func TestChangeIsJudgedBothWays(t *testing.T) {
	p := built(1, 10, 0.01, 0.2)
	for text, want := range map[string]results.Verdict{
		"latency.response.p99 < +5%": results.Fail, "latency.response.p99 < +40%": results.Pass, "latency.response.p99 < +20%": results.Inconclusive,
		"latency.response.p99 < +1ms": results.Fail, "latency.response.p99 < +9ms": results.Pass, "latency.response.p99 > +10%": results.Pass,
		"latency.response.p99 < -5%": results.Fail, "requests.rate > -5%": results.Fail, "requests.rate > -30%": results.Pass,
		"requests.rate > -10/s": results.Fail, "latency.store.p99 < +5%": results.Invalid} {
		checks, err := judgeGates(p.candidate[0], p, []string{text})
		if err != nil || checks[0].Verdict != want {
			t.Errorf("%s: got %+v, %v; want %s", text, checks, err, want)
		}
	}
	checks, _ := judgeGates(p.candidate[0], p, []string{"requests.rate > -5%"})
	if c := checks[0]; c.Value > -0.1 || *c.Lo > c.Value || *c.Hi < c.Value || c.Baseline == nil {
		t.Errorf("the change is shown as %+v", c)
	}
}

func TestInconclusiveSaysHowManyBlocks(t *testing.T) {
	p := built(3, 6, 0.2, 0)
	checks, err := judgeGates(p.candidate[0], p, []string{"latency.response.p99 < +5%"})
	if err != nil || checks[0].Verdict != results.Inconclusive || !strings.Contains(checks[0].Why, "more blocks would decide it") {
		t.Errorf("got %+v, %v", checks, err)
	}
	few := built(3, 3, 0.001, 1)
	checks, _ = judgeGates(few.candidate[0], few, changeGates[1:2])
	if checks[0].Verdict != results.Inconclusive || !strings.Contains(checks[0].Why, "3 of at least 6 paired blocks: 3 more blocks") {
		t.Errorf("three blocks: %+v", checks[0])
	}
}

func TestZeroHasNoShare(t *testing.T) {
	p := built(1, 6, 0.01, 0)
	for _, r := range append(p.candidate, p.baseline...) {
		r.Metrics = append(r.Metrics, results.Metric{Name: "affinity.broken_ratio", Unit: "ratio", N: 900})
	}
	for text, want := range map[string]results.Verdict{"affinity.broken_ratio < +5%": results.Inconclusive, "affinity.broken_ratio < +0.1pp": results.Pass} {
		if checks, _ := judgeGates(p.candidate[0], p, []string{text}); checks[0].Verdict != want {
			t.Errorf("%s: %+v", text, checks[0])
		}
	}
}

// Newcombe's method 10 for 56/70 against 48/80 (Statistics in Medicine 17, 1998, table II) gives .0524 to
// .3339 from Wilson's intervals.
func TestTwoRunsByTheirIntervals(t *testing.T) {
	metric := func(v, lo, hi float64) results.Metric {
		return results.Metric{Name: "affinity.broken_ratio", Unit: "ratio", Value: v, Lo: &lo, Hi: &hi, N: 70}
	}
	a, b := metric(0.8, 0.6925, 0.8769), metric(0.6, 0.4904, 0.7003)
	g, err := parseGate("affinity.broken_ratio < +4pp")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := g.single(a, b)
	if c.Verdict != results.Fail || math.Abs(*c.Lo-0.0531) > 0.002 || math.Abs(*c.Hi-0.3339) > 0.002 {
		t.Errorf("got %s %v … %v", c.Verdict, *c.Lo, *c.Hi)
	}
	better, _ := parseGate("affinity.broken_ratio > -40pp")
	if c, _ := better.single(b, a); c.Verdict != results.Pass || math.Abs(c.Value+0.2) > 1e-9 || *c.Baseline != 0.8 {
		t.Errorf("got %+v", c)
	}
	a.Lo = nil
	if c, _ := g.single(a, b); c.Verdict != results.Inconclusive {
		t.Errorf("without an interval: %+v", c)
	}
}

func TestSelfTestKnowsItsErrors(t *testing.T) {
	for name, side := range map[string]*Side{"made up": nil, "swapped": {}} {
		candidate, baseline := &Side{}, side
		if side != nil {
			p := built(5, 12, 0.03, 0.01)
			row := &comparison{}
			candidate.blocks, baseline.blocks, candidate.row, baseline.row = p.candidate, p.baseline, row, row
		}
		test, err := TestGates(candidate, baseline, changeGates, 1)
		if err != nil || test.Runs != 200 || test.FalseAlarms > 10 || test.Found < 180 || !test.Passed() {
			t.Errorf("%s: %+v, %v", name, test, err)
		}
	}
	if (SelfTest{Runs: 200, FalseAlarms: 30}).Passed() {
		t.Error("15 % false alarms pass")
	}
	if _, err := TestGates(&Side{}, nil, []string{"errors.ratio < 1%"}, 1); err == nil {
		t.Error("no gate on a change is no self-test")
	}
}

func TestOtherRunsAreNotCompared(t *testing.T) {
	side := func(change func(*input)) *Side {
		in := newTeller().in
		change(&in)
		return &Side{name: "x", inputs: []input{in}, Report: &results.Report{}, blocks: []*results.Report{{}}}
	}
	same := side(func(*input) {})
	for want, change := range map[string]func(*input){
		"machine": func(in *input) { in.run.Host.CPU = "other" }, "seed": func(in *input) { in.run.Seed++ },
		"mix": func(in *input) { in.run.Mix = "heavy" }, "instances": func(in *input) { in.run.Instances = in.run.Instances[1:] }} {
		if _, _, err := pairUp(same, side(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, notes, err := pairUp(same, side(func(in *input) { in.run.LBVersion = "9" })); err != nil || len(notes) != 1 {
		t.Errorf("another version of the balancer is what one compares: %v", err)
	}
}

// blocksOf are reports of so many sessions each, none of which broke.
func blocksOf(sessions int64) *pairs {
	p := &pairs{}
	for range leastBlocks {
		hi := 1.0
		r := &results.Report{Metrics: []results.Metric{
			{Name: brokenRatio, Unit: results.Ratio, Lo: new(float64), Hi: &hi, N: sessions},
			{Name: "requests.count", Unit: results.Count, Value: 100, N: 100},
			{Name: "consistency.leak", Unit: results.Count}}}
		p.candidate, p.baseline = append(p.candidate, r), append(p.baseline, r)
	}
	return p
}

// Six short blocks without a broken session do not prove that none breaks.
func TestFewSessionsProveLittle(t *testing.T) {
	for sessions, want := range map[int64]results.Verdict{20: results.Inconclusive, 5000: results.Pass} {
		checks, err := judgeGates(&results.Report{}, blocksOf(sessions), []string{"affinity.broken_ratio < +0.1pp"})
		must(t, err)
		if checks[0].Verdict != want {
			t.Errorf("%d sessions a block: %+v", sessions, checks[0])
		}
	}
}

// A gate of a comparison that names no arm is about the one that is judged, whatever its report shows by arm.
func TestGatesWithoutAnArmJudgeTheCandidate(t *testing.T) {
	r := &results.Report{Runs: make([]results.ReportRun, 2), Metrics: []results.Metric{{Name: "errors.ratio", Labels: map[string]string{"arm": "a"}, N: 1}}}
	for text, want := range map[string]results.Verdict{"consistency.leak == 0": results.Pass, "requests.count > 200": results.Fail,
		"affinity.broken_ratio < 3%": results.Pass, "affinity.broken_ratio < 1%": results.Inconclusive, `consistency.leak{arm="nobody"} == 0`: results.Invalid} {
		checks, err := judgeGates(r, blocksOf(20), []string{text})
		must(t, err)
		if checks[0].Verdict != want {
			t.Errorf("%s: %+v", text, checks[0])
		}
	}
}

// Loads with the same spike are the same, wherever their memory lies.
func TestEqualLoadsAreAlike(t *testing.T) {
	a, b := profiles.Default(), profiles.Default()
	a.Load.Rate, a.Load.Spike = 0, &profiles.Spike{Base: 1, Peak: 9}
	b.Load.Rate, b.Load.Spike = 0, &profiles.Spike{Base: 1, Peak: 9}
	if why := Unlike(a, b); why != "" {
		t.Error(why)
	}
	b.Load.Spike.Peak, b.Duration = 8, 1e9
	if why := Unlike(a, b); !strings.Contains(why, "duration (25s against 1s)") || !strings.Contains(why, "peak: 9.0") {
		t.Error(why)
	}
}

// Two lists of arrivals of one name are two loads.
func TestOtherArrivalTimesAreAnotherLoad(t *testing.T) {
	a, b := input{experiment: profiles.Default(), directory: t.TempDir()}, input{experiment: profiles.Default(), directory: t.TempDir()}
	for at, in := range map[string]input{"1.5": a, "1.6": b} {
		in.experiment.Load.Trace = "arrivals.txt"
		must(t, os.WriteFile(filepath.Join(in.directory, "arrivals.txt"), []byte(at+"\n"), 0o644))
	}
	if why := incomparable(a, b); why != "other arrival times" {
		t.Errorf("%q", why)
	}
	if why := incomparable(a, a); why != "" {
		t.Errorf("itself: %q", why)
	}
}
