package results

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSeriesSaysWhatCameOut(t *testing.T) {
	dir := t.TempDir()
	if IsResult(dir) {
		t.Error("an empty directory is a result")
	}
	all := Outcomes{Schema: OutcomesSchema, Outcomes: []Outcome{
		{Scenario: "drain", LB: "a:b", State: AsExpected}, {Scenario: "drain", LB: "c:d", State: Deviates}, {Scenario: "crash", LB: "a:b", State: AsExpected},
	}}
	if err := all.Write(dir); err != nil {
		t.Fatal(err)
	}
	series, err := OpenSeries(dir)
	if err != nil || !IsResult(dir) {
		t.Fatal(err)
	}
	if got := series.Summary() + " of " + strings.Join(series.Balancers(), " "); got != "2 as expected, 1 deviates of a:b c:d" {
		t.Error(got)
	}
	board := NewScoreboard()
	board.Add(ScoreRow{LB: "e:f"}, nil, nil)
	if err := board.Write(filepath.Join(dir, "bench")); err != nil {
		t.Fatal(err)
	}
	if series, err = OpenSeries(filepath.Join(dir, "bench")); err != nil || strings.Join(series.Balancers(), " ") != "e:f" {
		t.Error(series, err)
	}
}

func TestDamagedSeriesIsOneLine(t *testing.T) {
	for text, want := range map[string]string{
		`{"schema": "stickybench/scena`:                "outcomes.json: ",
		`{"schema": "stickybench/scenarios/v9"}`:       `schema "stickybench/scenarios/v9", want "stickybench/scenarios/v1"`,
		`{"schema": "stickybench/scenarios/v1", "o": `: "outcomes.json: ",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, outcomesFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSeries(dir); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
