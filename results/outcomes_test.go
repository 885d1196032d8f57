package results

import (
	"strings"
	"testing"
)

func TestAFailedExpectationOutranksAnUnclearOne(t *testing.T) {
	checks := func(verdicts ...Verdict) (all []Check) {
		for _, v := range verdicts {
			all = append(all, Check{Verdict: v})
		}
		return all
	}
	for want, given := range map[Standing][]Check{AsExpected: checks(Pass, Pass), Deviates: checks(Pass, Inconclusive, Fail), Unclear: checks(Inconclusive, Pass), Inapplicable: nil} {
		if got := Stand(given); got != want {
			t.Errorf("%v: %s, want %s", given, got, want)
		}
	}
}

func TestOutcomesNameEveryDeviation(t *testing.T) {
	o := Outcomes{Outcomes: []Outcome{
		{Scenario: "crash", LB: "a", State: AsExpected, Checks: []Check{{Gate: "x == 0", Verdict: Pass}}},
		{Scenario: "crash", LB: "b", State: Deviates, Checks: []Check{{Gate: "x == 0", Verdict: Fail, Value: 3, Why: "measured 3"}}},
		{Scenario: "drain", LB: "a", State: Inapplicable, Why: "a cannot drain"},
	}}
	var out strings.Builder
	if err := o.Terminal(&out, 100); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"as expected", "crash, b: expected x == 0, measured 3", "drain, a: not applicable: a cannot drain"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	out.Reset()
	if err := o.Terminal(&out, 32); err != nil || !strings.Contains(out.String(), "drain, a: not applicable: a\n  cannot drain\n") {
		t.Errorf("a narrow page is not respected: %v\n%s", err, &out)
	}
	if strings.Contains(out.String(), "crash, a:") {
		t.Errorf("what is as expected needs no line:\n%s", &out)
	}
	if o.Count(Deviates) != 1 {
		t.Errorf("%d deviations", o.Count(Deviates))
	}
}
