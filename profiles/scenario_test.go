package profiles

import (
	"strings"
	"testing"
	"time"
)

func TestEveryScenarioIsValid(t *testing.T) {
	names := ScenarioNames()
	if len(names) < 30 {
		t.Errorf("only %d scenarios", len(names))
	}
	for _, name := range names {
		s, err := LookupScenario(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.Expected("stay", "cookie", "ttl", "agree")) == 0 && len(s.Expected("home", "address", "agree")) == 0 {
			t.Errorf("%s expects nothing of a cookie and nothing of a hash", name)
		}
		for _, e := range s.Experiment.Events() {
			if e.At >= time.Duration(s.Experiment.Duration) {
				t.Errorf("%s: %s %s at %v is after the end", name, e, e.Target, e.At)
			}
		}
		if err := s.Stretched(3).Validate(); err != nil {
			t.Errorf("%s, stretched: %v", name, err)
		}
	}
}

func TestScenarioMistakesAreOneLine(t *testing.T) {
	const header = "about: a\nsource: b\nexpect: {any: [errors.ratio == 0]}\n"
	for text, want := range map[string]string{
		"about: a\n":                                                   "s.yaml:1:1: no experiment",
		"abuot: a\n---\nseed: 1\n":                                     `s.yaml:1:1: unknown key "abuot"`,
		header + "---\nduratoin: 2s\n":                                 "s.yaml:5:1: unknown key",
		header + "---\nduration: 20s\n":                                "duration 20s is above 15s",
		"source: b\nexpect: {any: [x]}\n---\nduration: 5s\n":           "about and source",
		"about: a\nsource: b\n---\nduration: 5s\n":                     "expect says what",
		"about: a\nsource: b\nexpect: {all: [x]}\n---\nduration: 5s\n": "expect.all: use any, stay, home, flap or stuck",
	} {
		_, err := DecodeScenario("s.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
	if _, err := LookupScenario("crahs"); err == nil || !strings.Contains(err.Error(), "did you mean crash?") {
		t.Errorf("got %v", err)
	}
}

func TestExpectationsAddUp(t *testing.T) {
	s := Scenario{Expect: map[string][]string{"any": {"a"}, "stay": {"b"}, "stay/cookie": {"c"}, "stay/cookie/ttl": {"e"}, "home": {"d"}, "any/agree": {"f"}}}
	if got := strings.Join(s.Expected("stay", "cookie", "ttl"), " "); got != "a b c e" {
		t.Errorf("got %s", got)
	}
	if got := strings.Join(s.Expected("home", "cookie"), " "); got != "a d" {
		t.Errorf("got %s", got)
	}
	if got := strings.Join(s.Expected("home", "address", "ttl", "agree"), " "); got != "a f d" {
		t.Errorf("got %s", got)
	}
}

func TestStretchedLeavesTheOriginal(t *testing.T) {
	s, err := LookupScenario("flapping-health")
	if err != nil {
		t.Fatal(err)
	}
	before := s.Experiment.Faults[0]
	long := s.Stretched(4)
	if s.Experiment.Faults[0] != before || long.Faults[0].At != 4*before.At || long.Faults[0].Every != 4*before.Every || long.Duration != 4*s.Experiment.Duration {
		t.Errorf("%+v became %+v", before, long.Faults[0])
	}
}
