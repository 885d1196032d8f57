package results

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Series is what a directory of runs that belong together says of them: the outcomes of scenarios, or a scoreboard.
type Series struct {
	Outcomes   *Outcomes
	Scoreboard *Scoreboard
}

const (
	outcomesFile   = "outcomes.json"
	scoreboardFile = "scoreboard.json"
)

// IsSeries says whether path is the directory of a series.
func IsSeries(path string) bool { return exists(path, outcomesFile) || exists(path, scoreboardFile) }

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// OpenSeries reads what was written last, which for an interrupted series is about the runs until then.
func OpenSeries(path string) (s Series, err error) {
	if exists(path, scoreboardFile) {
		s.Scoreboard = &Scoreboard{}
		return s, readWhole(filepath.Join(path, scoreboardFile), ScoreboardSchema, s.Scoreboard, &s.Scoreboard.Schema)
	}
	s.Outcomes = &Outcomes{}
	return s, readWhole(filepath.Join(path, outcomesFile), OutcomesSchema, s.Outcomes, &s.Outcomes.Schema)
}

// readWhole decodes the JSON file at path into v and holds the schema that it then names against the wanted one.
func readWhole(path, want string, v any, schema *string) error {
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	if *schema != want {
		return fmt.Errorf("%s: schema %q, want %q; read it with the release that wrote it", path, *schema, want)
	}
	return nil
}

// RecordOfSeries is RecordOf for a series: its runs together are no result that another could be compared with.
func RecordOfSeries(path string) (r Recorded, ok bool) {
	files, _ := filepath.Glob(filepath.Join(path, "*", "run.json")) // the pattern is ours
	var runs []string
	for _, file := range files {
		runs = append(runs, filepath.Dir(file))
	}
	return recordOf(path, runs)
}

// Balancers of the series, in order.
func (s Series) Balancers() (all []string) {
	if s.Scoreboard != nil {
		for _, row := range s.Scoreboard.Rows {
			all = append(all, row.LB)
		}
		return all
	}
	for _, o := range s.Outcomes.Outcomes {
		if !slices.Contains(all, o.LB) {
			all = append(all, o.LB)
		}
	}
	return all
}

// Summary says how the series came out; a scoreboard has no verdict.
func (s Series) Summary() string {
	if s.Scoreboard != nil {
		return "scoreboard"
	}
	var parts []string
	for _, state := range []Standing{AsExpected, Deviates, Unclear, Inapplicable, NotRun} {
		if n := s.Outcomes.Count(state); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	return strings.Join(parts, ", ")
}

// Terminal writes the series as the command that made it did.
func (s Series) Terminal(w io.Writer, width int) error {
	if s.Scoreboard != nil {
		return s.Scoreboard.Terminal(w, width)
	}
	return s.Outcomes.Terminal(w, width)
}

// writeSeries replaces the file that makes dir a series.
func writeSeries(dir, name string, encode func() ([]byte, error)) error {
	text, err := encode()
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, name), text)
}
