package analysis

import (
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

// claimTrials makes a trial of each name with these metrics, of the first pair or of an arm.
func claimTrials(metrics map[string][]results.Metric) map[string]*results.Report {
	all := map[string]*results.Report{}
	for name, m := range metrics {
		all[name] = &results.Report{Metrics: m}
	}
	return all
}

func bounded(name, arm string, value, lo, hi float64) results.Metric {
	m := results.Metric{Name: name, Value: value, Lo: &lo, Hi: &hi, N: 6}
	if arm != "" {
		m.Labels = map[string]string{"arm": arm}
	}
	return m
}

// What an interval crosses is undecided, and an interval that covers everything reproduces nothing.
func TestWideIntervalsDecideNothing(t *testing.T) {
	claims, known := JudgeClaims(claimTrials(map[string][]results.Metric{
		"same-zone-1":  {bounded("saving.p50", "", 0.001, -0.001, 0.003)},
		"cross-zone-4": {bounded("saving.p99", "", 0.006, 0.005, 0.007), bounded("saving.p50", "", 0.006, 0.005, 0.009)},
		"rolling":      {bounded("skew.final.max_over_mean", "cookie", 1.8, 1.2, 2.4)},
	}))
	for i, want := range []string{"undecided", "holds"} {
		if claims[i].Verdict != want {
			t.Errorf("%+v should be %s", claims[i], want)
		}
	}
	if last := claims[1].Evidence[1].Verdict; last != "undecided" {
		t.Errorf("5 to 9 ms of 3 to 8: %s", last)
	}
	for _, k := range known {
		if strings.HasPrefix(k.Claimed, "rolling") && k.Verdict != "undecided" {
			t.Errorf("%+v: an interval of half its value reproduces nothing", k)
		}
	}
}

// The band of one run is wide, that of many narrow, and both hold theory's mean.
func TestBandsOfChance(t *testing.T) {
	for sessions, theory := range map[int]float64{10: 2.54, 20: 2.03, 50: 1.63, 500: 1.19} {
		one, ten := fewBand(sessions)(1), fewBand(sessions)(10)
		for _, band := range [][2]float64{one, ten} {
			if band[0] > theory || band[1] < theory {
				t.Errorf("%d sessions: %v lies outside %v", sessions, theory, band)
			}
		}
		if narrower := (one[1] - one[0]) / (ten[1] - ten[0]); narrower < 2.5 || narrower > 4 { // √10 = 3.16
			t.Errorf("%d sessions: ten runs make the band %v narrower", sessions, narrower)
		}
	}
}

// A late generator spoils times, not counts.
func TestInvalidTrialsAreNotTrustedWithTimes(t *testing.T) {
	trials := claimTrials(map[string][]results.Metric{
		"same-zone-1": {bounded("saving.p50", "", 0.001, 0.0009, 0.0011)},
		"few-10":      {bounded("skew.requests.max_over_mean", "cookie", 2.2, 1.9, 2.6)},
	})
	for _, r := range trials {
		r.Verdict = results.Invalid
	}
	claims, known := JudgeClaims(trials)
	if claims[0].Verdict != "not measured" || !strings.Contains(claims[0].Evidence[0].Why, "1 ms, not trusted") {
		t.Errorf("a time: %+v", claims[0])
	}
	for _, k := range known {
		if strings.HasPrefix(k.Claimed, "2 or 100") && k.Evidence[0].Conditions == "cookie" && k.Verdict != "reproduced" {
			t.Errorf("a count: %+v", k)
		}
	}
}

func TestClaimsAreHeldAgainstWhatWasMeasured(t *testing.T) {
	claims, known := JudgeClaims(claimTrials(map[string][]results.Metric{
		"same-zone-1": {bounded("saving.p50", "", 0.0003, 0.0002, 0.0004), bounded("saving.p50_ratio", "", 0.12, 0.1, 0.14),
			bounded("saving.mean", "", 0.0004, 0.00035, 0.00045), bounded("store.operations_per_request", "spread", 1, 1, 1),
			bounded("store.injected.mean", "spread", 0.00025, 0.0002, 0.0003), bounded("store.round_trip.mean", "spread", 0.00015, 0.0001, 0.0002)},
		"same-zone-7": {bounded("saving.p50", "", 0.0019, 0.0018, 0.002), bounded("saving.p50_ratio", "", 0.45, 0.4, 0.5),
			bounded("saving.mean", "", 0.001, 0.0009, 0.0011), bounded("store.operations_per_request", "spread", 7, 7, 7),
			bounded("store.injected.mean", "spread", 0.00025, 0.0002, 0.0003)},
		"cross-zone-4": {{Name: "saving.p99", Value: 0.004, Warnings: []string{"insufficient: 9 answers lie above it, 50 are needed"}},
			bounded("saving.p50", "", 0.009, 0.0085, 0.0095)},
		"few-10": {bounded("skew.requests.max_over_mean", "cookie", 2.2, 1.9, 2.6), bounded("skew.requests.max_over_mean", "ip-hash", 3.5, 3.3, 3.7)},
		"crash":  {bounded("failover.lost_per_crash", "local", 20, 18, 22), bounded("failover.lost_per_crash", "replicated", 0, 0, 0)},
	}))
	verdicts := map[string]string{}
	for _, c := range append(claims, known...) {
		for _, e := range c.Evidence {
			verdicts[strings.Fields(c.Claimed)[0]+" "+e.Conditions] = c.Verdict + ", " + e.Verdict + ", " + e.Why
		}
	}
	for about, want := range map[string]string{
		"sticky k = 1, a pooled read":                      "partly, outside, ",
		"sticky k = 7, a framework":                        "partly, inside, ",
		"sticky k = 2, load and save":                      "",
		"3–8 k = 4, 0.1 % spikes of 5–15 ms":               "does not hold, , p99 saving 4 ms, insufficient: 9 answers lie above it, 50 are needed",
		"10–50 k = 7, handler 3 ms":                        "holds, inside, ",
		"a memory, cookie":                                 "holds, inside, ",
		"an the default mix, lifetime 10 minutes, sliding": "",
		"rolling the last tenth of the run":                "",
	} {
		if verdicts[about] != want {
			t.Errorf("%s: %q, want %q", about, verdicts[about], want)
		}
	}
	for i, want := range []string{"reproduced", "not reproduced", "reproduced", "not reproduced"} { // 2.54 lies in the third interval, not in the fourth
		if len(known) != 4 || known[i].Verdict != want {
			t.Fatalf("known answers %+v, %d should be %s", known, i, want)
		}
	}
}
