package results

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// OutcomesSchema is the schema of the outcomes of scenarios.
const OutcomesSchema = "stickybench/scenarios/v1"

// Outcome is how one balancer came through one scenario.
type Outcome struct {
	Scenario  string   `json:"scenario"`
	LB        string   `json:"lb"`
	State     Standing `json:"state"`
	Why       string   `json:"why,omitempty"` // of what did not apply or did not run
	Verdict   Verdict  `json:"verdict,omitempty"`
	Checks    []Check  `json:"checks"` // what was expected, and whether it held
	Dir       string   `json:"dir,omitempty"`
	Mechanism string   `json:"mechanism,omitempty"`
}

// Standing is an outcome in a word.
type Standing string

// The standings. Unclear means that there was too little to judge by.
const (
	AsExpected   Standing = "as expected"
	Deviates     Standing = "deviates"
	Unclear      Standing = "unclear"
	Inapplicable Standing = "not applicable"
	NotRun       Standing = "not run"
)

// Stand sums up checks: one that failed outranks one that nothing measured. No check at all means that
// nothing is promised in this case.
func Stand(checks []Check) Standing {
	is := func(v Verdict) bool { return slices.ContainsFunc(checks, func(c Check) bool { return c.Verdict == v }) }
	switch {
	case is(Fail):
		return Deviates
	case is(Inconclusive) || is(Invalid):
		return Unclear
	case len(checks) == 0:
		return Inapplicable
	}
	return AsExpected
}

// Outcomes are all of one series of scenarios.
type Outcomes struct {
	Schema   string    `json:"schema"`
	Outcomes []Outcome `json:"outcomes"`
}

// Encode gives indented JSON.
func (o Outcomes) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(o, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encoding the outcomes: %w", err)
	}
	return append(text, '\n'), nil
}

// Write replaces outcomes.json in the directory of the series.
func (o Outcomes) Write(dir string) error { return writeSeries(dir, outcomesFile, o.Encode) }

// Count says how many have that standing.
func (o Outcomes) Count(s Standing) (n int) {
	for _, outcome := range o.Outcomes {
		if outcome.State == s {
			n++
		}
	}
	return n
}

// Terminal writes one row a scenario and one column a balancer, then every deviation in a line.
func (o Outcomes) Terminal(w io.Writer, width int) error {
	var scenarios, balancers []string
	cells := map[[2]string]string{}
	for _, one := range o.Outcomes {
		if !slices.Contains(scenarios, one.Scenario) {
			scenarios = append(scenarios, one.Scenario)
		}
		if !slices.Contains(balancers, one.LB) {
			balancers = append(balancers, one.LB)
		}
		cells[[2]string{one.Scenario, one.LB}] = string(one.State)
	}
	table := Listing{Header: append([]string{"scenario"}, balancers...)}
	for _, scenario := range scenarios {
		row := []string{scenario}
		for _, lb := range balancers {
			row = append(row, cells[[2]string{scenario, lb}])
		}
		table.Rows = append(table.Rows, row)
	}
	if err := table.Write(w, width); err != nil {
		return err
	}
	for _, one := range o.Outcomes {
		if _, err := io.WriteString(w, folded(one.details(), width)); err != nil {
			return err
		}
	}
	return nil
}

// details are the lines of an outcome that is not as expected.
func (o Outcome) details() string {
	var out strings.Builder
	line := func(text string) { fmt.Fprintf(&out, "%s, %s: %s\n", o.Scenario, o.LB, text) }
	if o.Why != "" {
		line(string(o.State) + ": " + o.Why)
	}
	for _, c := range o.Checks {
		if c.Verdict != Pass {
			line(fmt.Sprintf("expected %s, %s", c.Gate, c.Outcome()))
		}
	}
	return out.String()
}
