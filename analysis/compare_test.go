package analysis

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/results"
)

var twoArms = results.Plan{Name: "x", Seed: 1, Blocks: 8, Arms: []results.Arm{
	{Name: "sticky", LB: "builtin:cookie", Store: "memory"}, {Name: "spread", LB: "builtin:round-robin", Store: "embedded"}}}

// armReport is what one run of an arm reports: every time in seconds.
func armReport(p50, p99 float64, warnings ...string) *results.Report {
	s := &sheet{}
	for point, value := range map[string]float64{"mean": p50 * 1.1, "p50": p50, "p90": p50 * 2} {
		s.put(results.Metric{Name: "latency.response." + point, Unit: "seconds", Value: value, N: 9000})
	}
	s.put(results.Metric{Name: "latency.response.p99", Unit: "seconds", Value: p99, N: 9000, Warnings: warnings})
	s.put(results.Metric{Name: "skew.requests.max_over_mean", Unit: "ratio", Value: 1.2, N: 100})
	s.put(results.Metric{Name: "skew.cpu.hottest", Unit: "ratio", Value: p50 * 100, N: 4})
	slices.SortFunc(s.metrics, func(a, b results.Metric) int { return strings.Compare(a.Name, b.Name) })
	return &results.Report{Metrics: s.metrics, Runs: []results.ReportRun{{Backends: 4, Mix: "default", Store: "embedded", Duration: 3}}, Verdict: results.Pass}
}

// simulated plays blocks whose drift is larger than what the arms differ by.
func simulated(n int, saving float64) (rows [][]*results.Report) {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	for range n {
		drift := 0.003 + 0.002*r.Float64()
		noise := func() float64 { return 0.00002 * r.NormFloat64() }
		rows = append(rows, []*results.Report{armReport(drift+noise(), 0.02+drift+noise()), armReport(drift+saving+noise(), 0.02+drift+2*saving+noise())})
	}
	return rows
}

func mustCompare(t *testing.T, plan results.Plan, rows [][]*results.Report, invalid ...string) *results.Report {
	t.Helper()
	invalid = append(invalid, make([]string, len(rows)-len(invalid))...)
	r, err := compare(plan, rows, invalid)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestPairingFindsASavingThatDriftHides(t *testing.T) {
	r := mustCompare(t, twoArms, simulated(8, 0.0004))
	m, ok := r.Find("saving.p50", nil)
	if !ok || m.Lo == nil || *m.Lo < 0.0003 || *m.Hi > 0.0005 {
		t.Errorf("saving.p50 is %+v, want about 0.4 ms within 0.1 ms", m)
	}
	if p, _ := r.Find("saving.p50_p", nil); p.Value != 2.0/256 {
		t.Errorf("sign-flip p %v, want that of eight blocks all one way", p.Value)
	}
	ratio, _ := r.Find("saving.p50_ratio", nil)
	if ratio.Value < 0.05 || ratio.Value > 0.15 || *ratio.Lo > ratio.Value || *ratio.Hi < ratio.Value {
		t.Errorf("saving.p50_ratio is %+v", ratio)
	}
	if r.Verdict != results.Pass || !strings.Contains(r.Reasons[0], "sticky answers 0.39") {
		t.Errorf("got %s %q", r.Verdict, r.Reasons)
	}
	if extra, ok := r.Find("cost.extra_instances", nil); !ok || *extra.Hi > 0 {
		t.Errorf("cost.extra_instances is %+v, want fewer than none: the first arm's hottest is cooler", extra)
	}
}

func TestIdenticalArmsShowNoDifference(t *testing.T) {
	r := mustCompare(t, twoArms, simulated(8, 0))
	if !strings.HasPrefix(r.Reasons[0], "no difference between sticky and spread") {
		t.Errorf("got %q", r.Reasons[0])
	}
}

func TestSlowerIsSaid(t *testing.T) {
	if r := mustCompare(t, twoArms, simulated(8, -0.001)); !strings.Contains(r.Reasons[0], "slower than spread") {
		t.Errorf("got %q", r.Reasons[0])
	}
}

func TestInsufficientQuantileClaimsNoInterval(t *testing.T) {
	rows := simulated(8, 0.0004)
	rows[3][1] = armReport(0.004, 0.03, "insufficient: 31 answers lie above it, 50 are needed")
	r := mustCompare(t, twoArms, rows)
	m, _ := r.Find("saving.p99", nil)
	if m.Lo != nil || len(m.Warnings) != 1 || !strings.Contains(m.Warnings[0], "spread, run 4") {
		t.Errorf("got %+v", m)
	}
	checks, err := Gate(r, []string{"saving.p99 > 0.1ms"})
	if err != nil || checks[0].Verdict != results.Inconclusive {
		t.Errorf("a gate over it: %v, %v", checks, err)
	}
}

func TestFewOrUnfinishedBlocksAreInconclusive(t *testing.T) {
	for n, want := range map[int]string{5: "at least 6", 7: "7 of 8 blocks"} {
		if r := mustCompare(t, twoArms, simulated(n, 0.0004)); r.Verdict != results.Inconclusive || !strings.Contains(fmt.Sprint(r.Reasons), want) {
			t.Errorf("%d blocks: %s %q, want %s", n, r.Verdict, r.Reasons, want)
		}
	}
	if r := mustCompare(t, twoArms, nil); r.Verdict != results.Inconclusive {
		t.Errorf("no block: %s", r.Verdict)
	}
	if _, err := mustCompare(t, twoArms, simulated(1, 0.0004)).Encode(); err != nil {
		t.Errorf("one block: %v", err)
	}
}

func TestInvalidBlocksAreLeftOutWhole(t *testing.T) {
	rows := simulated(8, 0.0004)
	rows[2][0] = armReport(9, 9)
	r := mustCompare(t, twoArms, rows, "", "", "block 3, sticky: late")
	if m, _ := r.Find("saving.p50", nil); m.N != 7 || *m.Hi > 0.0005 {
		t.Errorf("got %+v, want seven blocks without the invalid one", m)
	}
	if r.Verdict != results.Pass || !strings.Contains(fmt.Sprint(r.Warnings), "block 3, sticky: late") {
		t.Errorf("got %s %q", r.Verdict, r.Warnings)
	}
	r = mustCompare(t, twoArms, rows, "a", "b", "c", "d")
	if m, _ := r.Find("saving.p50", nil); r.Verdict != results.Invalid || m.N != 8 {
		t.Errorf("four of eight invalid: %s over %d blocks", r.Verdict, m.N)
	}
}

func TestMargin(t *testing.T) {
	plan := twoArms
	plan.Margin = 100 * time.Microsecond
	for saving, want := range map[float64]results.Verdict{0: results.Pass, -0.00005: results.Inconclusive, -0.0004: results.Fail} {
		r := mustCompare(t, plan, simulated(8, saving))
		if len(r.Checks) != 3 || r.Verdict != want {
			t.Errorf("saving %v: %s with %+v, want %s", saving, r.Verdict, r.Checks, want)
		}
	}
}

func TestFourArmsGiveAllPairs(t *testing.T) {
	plan, rows := twoArms, simulated(8, 0.0004)
	plan.Arms = append(slices.Clone(plan.Arms), results.Arm{Name: "c"}, results.Arm{Name: "d"})
	for i := range rows {
		rows[i] = append(rows[i], rows[i][0], rows[i][1])
	}
	r := mustCompare(t, plan, rows)
	pairs := 0
	for _, m := range r.Metrics {
		if m.Name == "saving.p50" {
			pairs++
		}
	}
	if m, ok := r.Find("saving.p50", map[string]string{"arm": "sticky", "against": "c"}); pairs != 6 || !ok || m.Value != 0 {
		t.Errorf("%d pairs, %+v", pairs, m)
	}
}

func TestComparisonsGiveEqualBytes(t *testing.T) {
	a, _ := mustCompare(t, twoArms, simulated(8, 0.0004)).Encode()
	b, _ := mustCompare(t, twoArms, simulated(8, 0.0004)).Encode()
	if !bytes.Equal(a, b) {
		t.Error("the same blocks give different reports")
	}
}

// An answer that lost its session's state is counted, but its latency is nobody's credit.
func TestLostAnswersAreNotTimedInAComparison(t *testing.T) {
	first, lost := answer(1), answer(2)
	first.Instance, first.Epoch, first.Version = "b1", 5, 1
	lost.Instance, lost.Epoch, lost.Version = "b2", 6, 0
	lost.Due, lost.Sent, lost.Done = 2e9, 2e9, 2e9+1e3
	in := story(first, lost)
	in.intact = true
	r := mustJudge(t, in)
	m, _ := r.Find("latency.response.max", nil)
	if n, _ := r.Find("requests.count", nil); m.N != 1 || n.Value != 2 {
		t.Errorf("%d of %v answers were timed, want 1 of 2", m.N, n.Value)
	}
}

// withStore gives the second arm's report a store that takes its share of the mean response time.
func withStore(rows [][]*results.Report, seconds, operations float64) [][]*results.Report {
	for _, row := range rows {
		row[1].Metrics = append(row[1].Metrics, results.Metric{Name: "latency.store.mean", Value: seconds, N: 9000},
			results.Metric{Name: "store.operations_per_request", Value: operations, N: 9000})
	}
	return rows
}

func TestBreakEvenOfAStoreOperation(t *testing.T) {
	// Two operations of 0.4 ms are all that the arms differ by, but for skew that costs the sticky arm
	// 0.2 ms: it pays while an operation takes longer than 0.1 ms.
	r := mustCompare(t, twoArms, withStore(simulated(8, 0.0006/1.1), 0.0008, 2))
	m, ok := r.Find("cost.break_even_operation", nil)
	if !ok || m.Lo == nil || *m.Lo > 0.0001 || *m.Hi < 0.0001 || m.Value < 0.00008 || m.Value > 0.00012 {
		t.Errorf("got %+v, want about 0.1 ms", m)
	}
	if !strings.Contains(r.Reasons[0], "stickiness pays while a store operation takes longer than 0.") {
		t.Errorf("got %q", r.Reasons[0])
	}
	r = mustCompare(t, twoArms, simulated(8, 0.0006))
	if m, ok := r.Find("cost.break_even_operation", nil); ok {
		t.Errorf("without a store: %+v", m)
	}
}

func TestSavingAtEqualCPU(t *testing.T) {
	plan, rows := twoArms, simulated(8, 0.0004)
	plan.Arms = append(plan.Arms[:2:2], results.Arm{Name: "sticky-equal-cpu", EqualCPU: true})
	for i, row := range rows {
		equal := *row[0]
		equal.Runs = []results.ReportRun{{Backends: 6, Mix: "default", Store: "memory", Duration: 3}}
		rows[i] = append(row, &equal)
	}
	r := mustCompare(t, plan, rows)
	same, _ := r.Find("saving.p50", nil)
	m, ok := r.Find("saving.p50", map[string]string{"at": "equal-cpu"})
	if !ok || m.Value != same.Value {
		t.Errorf("got %+v, want the saving of an arm like the first, %v", m, same.Value)
	}
	if !strings.Contains(r.Reasons[0], "(6 instances against 4) 0.39") && !strings.Contains(r.Reasons[0], "(6 instances against 4) 0.40") {
		t.Errorf("got %q", r.Reasons[0])
	}
	if _, ok := r.Find("saving.p50", map[string]string{"arm": "spread", "against": "sticky-equal-cpu"}); ok {
		t.Error("the arm of equal CPU is paired twice")
	}
}

func TestLossesPerDay(t *testing.T) {
	plan, rows := twoArms, simulated(8, 0)
	plan.CrashesPerDay, plan.DeploysPerDay = 0.5, 2
	for _, row := range rows {
		row[0].Metrics = append(row[0].Metrics, results.Metric{Name: "failover.lost_per_crash", Value: 10, N: 1})
		row[1].Metrics = append(row[1].Metrics, results.Metric{Name: "failover.lost_per_crash", Value: 1, N: 1},
			results.Metric{Name: "failover.lost_per_deploy", Value: 3, N: 1})
	}
	r := mustCompare(t, plan, rows)
	estimated, _ := r.Find("cost.lost_sessions_per_day", map[string]string{"arm": "sticky"})
	measured, _ := r.Find("cost.lost_sessions_per_day", map[string]string{"arm": "spread"})
	if estimated.Value != 0.5*10+2*4*10 || len(estimated.Warnings) != 1 || measured.Value != 0.5+2*3 || len(measured.Warnings) != 0 {
		t.Errorf("got %+v and %+v", estimated, measured)
	}
}
