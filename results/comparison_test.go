package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var planOfTwo = Plan{Name: "x", Arms: []Arm{{Name: "a", LB: "builtin:cookie", Store: "memory"}, {Name: "b", LB: "builtin:table", Store: "memory"}}, Blocks: 2}

func TestComparisonContinuesOnlyItsOwnPlan(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c")
	open := func(p Plan, text string) error { _, err := ResumeComparison(path, p, []byte(text)); return err }
	if err := open(planOfTwo, "seed: 1\n"); err != nil {
		t.Fatal(err)
	}
	if err := open(planOfTwo, "seed: 1\n"); err != nil {
		t.Errorf("the same plan again: %v", err)
	}
	more := planOfTwo
	more.Blocks = 3
	for _, err := range []error{open(more, "seed: 1\n"), open(planOfTwo, "seed: 2\n")} {
		if err == nil || !strings.Contains(err.Error(), "holds another comparison") {
			t.Errorf("another plan: %v", err)
		}
	}
	read, err := OpenComparison(path)
	if err != nil || len(read.Plan.Arms) != 2 || read.Plan.Blocks != 2 {
		t.Errorf("read %+v, %v", read, err)
	}
}

func TestBlockIsFinishedWhenAllItsArmsAre(t *testing.T) {
	c, err := ResumeComparison(t.TempDir(), planOfTwo, nil)
	if err != nil {
		t.Fatal(err)
	}
	write := func(arm string, r Run) {
		r.Schema = RunSchema
		dir, err := Create(c.RunPath(1, arm))
		if err != nil {
			t.Fatal(err)
		}
		if err := dir.WriteRun(r); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, want bool) {
		if got := c.Finished(1); got != want {
			t.Errorf("%s: finished is %v", what, got)
		}
	}
	write("a", Run{End: 5})
	check("one arm", false)
	write("b", Run{})
	check("an arm that was killed", false)
	write("b", Run{End: 5, Interrupted: true})
	check("an arm that was interrupted", false)
	write("b", Run{End: 5})
	check("both arms", true)
	if err := c.Discard(1); err != nil {
		t.Fatal(err)
	}
	check("discarded", false)
}

func TestBrokenComparisonIsOneLine(t *testing.T) {
	path := t.TempDir()
	for text, want := range map[string]string{"{": "not readable", `{"schema": "other"}`: "schema"} {
		if err := os.WriteFile(filepath.Join(path, "compare.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenComparison(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := OpenComparison(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is no comparison") {
		t.Errorf("no comparison: %v", err)
	}
}

// The pilot plays the first two arms; it is finished without the arm that it sizes.
func TestPilotBlock(t *testing.T) {
	plan := planOfTwo
	plan.Arms = append(plan.Arms[:2:2], Arm{Name: "a-equal-cpu", LB: "builtin:cookie", Store: "memory", EqualCPU: true})
	if arm, ok := plan.EqualCPU(); !ok || arm != 2 || len(plan.ArmsOf(Pilot)) != 2 || len(plan.ArmsOf(1)) != 3 {
		t.Errorf("arm %d, %v; the pilot plays %v", arm, ok, plan.ArmsOf(Pilot))
	}
	if _, ok := planOfTwo.EqualCPU(); ok {
		t.Error("a plan without the arm has one")
	}
	c, err := ResumeComparison(t.TempDir(), plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, arm := range []string{"a", "b"} {
		if c.Finished(Pilot) {
			t.Errorf("finished before %s", arm)
		}
		dir, err := Create(c.RunPath(Pilot, arm))
		if err != nil {
			t.Fatal(err)
		}
		if err := dir.WriteRun(Run{Schema: RunSchema, End: 5}); err != nil {
			t.Fatal(err)
		}
	}
	if !c.Finished(Pilot) {
		t.Error("not finished with both")
	}
}
