package analysis

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goparquet "github.com/fraugster/parquet-go"

	"github.com/stickybench/stickybench/results"
)

// exported writes a run in which eight of forty sessions break, and its export.
func exported(t *testing.T, format string) (out string, broken float64) {
	t.Helper()
	dir, err := results.Open(recordedBreaking(t, 5))
	must(t, err)
	report, err := Analyze(dir)
	must(t, err)
	sessions, err := Sessions(dir)
	must(t, err)
	out = filepath.Join(t.TempDir(), "out")
	must(t, dir.Export(out, format, sessions))
	m, _ := report.Find("affinity.broken_sessions", nil)
	return out, m.Value
}

// An independent reader of Parquet finds the same sessions broken.
func TestParquetIsReadByAnotherReader(t *testing.T) {
	out, want := exported(t, "parquet")
	broken, rows := 0, map[string]int{}
	for _, kind := range []string{"exchanges", "serves", "changes", "samples", "sessions"} {
		f, err := os.Open(filepath.Join(out, kind+".parquet"))
		must(t, err)
		defer f.Close()
		r, err := goparquet.NewFileReader(f)
		must(t, err)
		for range r.NumRows() {
			row, err := r.NextRow()
			must(t, err)
			rows[kind]++
			if kind == "sessions" && row["broken"] == true {
				broken++
			}
			if kind == "exchanges" && rows[kind] == 1 && (string(row["session"].([]byte)) != "0.0" || row["due_ns"] != int64(start)) {
				t.Errorf("the first exchange reads %v", row)
			}
		}
	}
	if broken != 8 || float64(broken) != want || rows["exchanges"] != 400 || rows["serves"] != 400 || rows["changes"] != 4 || rows["samples"] != 40 || rows["sessions"] != 40 {
		t.Errorf("%d broken, the report says %v; rows %v", broken, want, rows)
	}
}

func TestCSVAndJSONLinesSayTheSame(t *testing.T) {
	out, want := exported(t, "csv")
	f, err := os.Open(filepath.Join(out, "sessions.csv"))
	must(t, err)
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	must(t, err)
	broken, column := 0.0, 0
	for i, name := range lines[0] {
		if name == "broken" {
			column = i
		}
	}
	for _, line := range lines[1:] {
		if line[column] == "true" {
			broken++
		}
	}
	if broken != want || len(lines) != 41 {
		t.Errorf("CSV: %v broken in %d lines, want %v", broken, len(lines), want)
	}
	out, want = exported(t, "jsonl")
	text, err := os.ReadFile(filepath.Join(out, "sessions.jsonl"))
	must(t, err)
	broken = 0
	for line := range strings.Lines(string(text)) {
		var row struct{ Broken bool }
		must(t, json.Unmarshal([]byte(line), &row))
		if row.Broken {
			broken++
		}
	}
	if broken != want {
		t.Errorf("JSON Lines: %v broken, want %v", broken, want)
	}
}
