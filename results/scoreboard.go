package results

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// ScoreboardSchema is the schema of a scoreboard.
const ScoreboardSchema = "stickybench/scoreboard/v1"

// Scoreboard compares balancers by the same scenarios.
type Scoreboard struct {
	Schema  string       `json:"schema"`
	Columns []ScoreTitle `json:"columns"`
	Rows    []ScoreRow   `json:"rows"`
}

// ScoreTitle heads a column.
type ScoreTitle struct {
	Title    string `json:"title"`
	Scenario string `json:"scenario"`
	About    string `json:"about"`
}

// ScoreRow is one balancer with one mechanism; a cell that does not apply is null in JSON.
type ScoreRow struct {
	LB      string  `json:"lb"`
	Version string  `json:"version"`
	Family  Family  `json:"family"`
	Cells   []*Cell `json:"cells"`
}

// Cell is one figure: the number where there is one, and how it reads.
type Cell struct {
	Value float64 `json:"value"`
	Text  string  `json:"text"`
}

// scoreColumn reads its cell from the report of its scenario; nil when the report does not say.
type scoreColumn struct {
	ScoreTitle
	read func(r *Report) *Cell
}

// ProbeColumn is the scenario of what comes from a probe and not from a run.
const ProbeColumn = "probe"

// scoreColumns of the scoreboard, in order.
func scoreColumns() []scoreColumn {
	return []scoreColumn{
		{ScoreTitle{"broken", "kept-connections", "sessions that left their home while nothing happened, with the 95 % bound"}, brokenCell},
		{ScoreTitle{"spread", "kept-connections", "sessions on the hottest instance over the mean"}, figure("skew.sessions.max_over_mean", 1, "%.2f×")},
		{ScoreTitle{"added", "kept-connections", "mean time of a request beside its handler"}, figure("lb.added_latency.mean", 1e3, "%.2f ms")},
		{ScoreTitle{"CPU", "kept-connections", "CPU time of the balancer per request"}, figure("lb.cpu_per_request", 1e6, "%.0f µs")},
		{ScoreTitle{"on failure", "crash-and-return", "what most sessions of the dead instance did, and how many"}, familyCell},
		{ScoreTitle{"flapped", "crash-and-return", "its sessions that went from instance to instance while it was out"}, figure("failover.flapped_sessions", 1, "%.0f")},
		{ScoreTitle{"recovery", "crash-and-return", "until the last of its sessions was served again"}, recoveryCell},
		{ScoreTitle{"came home", "crash-and-return", "answers by which its sessions came back when it did"}, figure("failover.returned_home", 1, "%.0f")},
		{ScoreTitle{"collateral", "crash-and-return", "answers from elsewhere to sessions whose home was healthy"}, figure("failover.collateral_moves", 1, "%.0f")},
		{ScoreTitle{"errors", "crash-and-return", "failed requests of an instance that refuses connections for 4 s"}, figure("failover.error_requests", 1, "%.0f")},
		{ScoreTitle{"errors, hang", "hang", "failed requests of an instance that hangs for 3 s"}, figure("failover.error_requests", 1, "%.0f")},
		{ScoreTitle{"moved, add", "scale-out", "sessions with healthy homes that moved when an instance joined; ideal"}, movesCell},
		{ScoreTitle{"moved, remove", "scale-in", "the same when one left"}, movesCell},
		{ScoreTitle{"drain", "drain", "bound sessions that had to move, and new ones that still came"}, drainCell},
		{ScoreTitle{"replicas agree", "replicas", "sessions that two replicas of the balancer sent to the same instance"}, agreementCell},
		{ScoreTitle{"burst split", "burst", "sessions whose parallel first requests were answered apart"}, splitCell},
		{ScoreTitle{"throughput", "throughput", "requests per second of 32 clients that never pause, generator and instances on the same machine"}, figure("requests.rate", 1, "%.0f/s")},
		{ScoreTitle{"marker", ProbeColumn, "expectations of the marker cookie that hold, of those that apply; stickybench probe --lb names them"}, nil},
	}
}

// ScoreboardScenarios names the scenarios that a scoreboard is read from, each once.
func ScoreboardScenarios() (names []string) {
	seen := map[string]bool{}
	for _, c := range scoreColumns() {
		if !seen[c.Scenario] && c.Scenario != ProbeColumn {
			names = append(names, c.Scenario)
		}
		seen[c.Scenario] = true
	}
	return names
}

// NewScoreboard has the columns and no row yet.
func NewScoreboard() *Scoreboard {
	s := &Scoreboard{Schema: ScoreboardSchema, Rows: []ScoreRow{}}
	for _, c := range scoreColumns() {
		s.Columns = append(s.Columns, c.ScoreTitle)
	}
	return s
}

// Add appends a balancer; reports are by scenario, those that did not apply are missing, and so may be what a probe found.
func (s *Scoreboard) Add(row ScoreRow, reports map[string]*Report, probed *ProbeReport) {
	for _, c := range scoreColumns() {
		var cell *Cell
		if r := reports[c.Scenario]; c.Scenario == ProbeColumn {
			cell = markerCell(probed)
		} else if r != nil {
			cell = c.read(r)
		}
		row.Cells = append(row.Cells, cell)
	}
	s.Rows = append(s.Rows, row)
}

// figure is an unlabelled metric, times scale.
func figure(metric string, scale float64, format string) func(*Report) *Cell {
	return func(r *Report) *Cell {
		m, ok := r.Find(metric, nil)
		if !ok {
			return nil
		}
		return &Cell{m.Value, fmt.Sprintf(format, scale*m.Value)}
	}
}

func brokenCell(r *Report) *Cell {
	m, ok := r.Find("affinity.broken_ratio", nil)
	if !ok {
		return nil
	}
	text := fmt.Sprintf("%.2g%%", 100*m.Value)
	if m.Value == 0 && m.Hi != nil {
		text += fmt.Sprintf(" (<%.2g%%)", 100**m.Hi)
	}
	return &Cell{m.Value, text}
}

// recoveryCell is the longest of all outages.
func recoveryCell(r *Report) *Cell {
	var longest *Cell
	for _, m := range r.Metrics {
		if m.Name == "failover.first_success.max" && (longest == nil || m.Value > longest.Value) {
			longest = &Cell{m.Value, fmt.Sprintf("%.0f ms", 1e3*m.Value)}
		}
	}
	return longest
}

func familyCell(r *Report) *Cell {
	var most Metric
	for _, m := range r.Metrics {
		if m.Name == "failover.family" && m.Labels["fault"] == "" && m.Value > most.Value {
			most = m
		}
	}
	if most.N == 0 {
		return nil
	}
	return &Cell{most.Value, fmt.Sprintf("%s %.0f%%", most.Labels["family"], 100*most.Value)}
}

// movesCell sums over the changes of the run.
func movesCell(r *Report) *Cell {
	var moved, live, ideal float64
	for _, m := range r.Metrics {
		switch m.Name {
		case "failover.live_moves":
			moved += m.Value
		case "failover.live_sessions":
			live += m.Value
		case "failover.ideal_live_moves":
			ideal += m.Value
		}
	}
	if live == 0 {
		return nil
	}
	return &Cell{moved / live, fmt.Sprintf("%.0f%% (%.0f%%)", 100*moved/live, 100*ideal/live)}
}

func drainCell(r *Report) *Cell {
	moved, ok := r.Find("affinity.rebinds", nil)
	admitted, _ := r.Find("failover.drain_admissions", nil)
	if !ok {
		return nil
	}
	return &Cell{moved.Value + admitted.Value, fmt.Sprintf("%.0f moved, %.0f came", moved.Value, admitted.Value)}
}

func agreementCell(r *Report) *Cell {
	m, ok := r.Find("replicas.agreement", nil)
	if !ok {
		return nil
	}
	return &Cell{m.Value, fmt.Sprintf("%.0f%%", math.Floor(100*m.Value))}
}

// markerCell is nil where there is no marker.
func markerCell(found *ProbeReport) *Cell {
	if found == nil {
		return nil
	}
	held, apply := 0, 0
	for _, a := range found.Assertions {
		if a.Marker && a.Verdict != NotApplicable {
			apply++
			if a.Verdict == Holds {
				held++
			}
		}
	}
	if apply == 0 {
		return nil
	}
	return &Cell{float64(held) / float64(apply), fmt.Sprintf("%d of %d", held, apply)}
}

func splitCell(r *Report) *Cell {
	split, ok := r.Find("affinity.split_sessions", nil)
	sessions, _ := r.Find("affinity.sessions", nil)
	if !ok || sessions.Value == 0 {
		return nil
	}
	return &Cell{split.Value / sessions.Value, fmt.Sprintf("%.0f%%", 100*split.Value/sessions.Value)}
}

// Encode gives indented JSON.
func (s *Scoreboard) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encoding the scoreboard: %w", err)
	}
	return append(text, '\n'), nil
}

// Write replaces scoreboard.json in the directory of the series.
func (s *Scoreboard) Write(dir string) error { return writeSeries(dir, scoreboardFile, s.Encode) }

// cells are a row as text; what does not apply is a dash.
func (r ScoreRow) cells() []string {
	all := []string{strings.TrimSpace(r.LB + " " + r.Version)}
	for _, c := range r.Cells {
		if c == nil {
			all = append(all, "–")
			continue
		}
		all = append(all, c.Text)
	}
	return all
}

func (s *Scoreboard) titles() []string {
	all := []string{"balancer"}
	for _, c := range s.Columns {
		all = append(all, c.Title)
	}
	return all
}

// Terminal writes the table and what the columns mean.
func (s *Scoreboard) Terminal(w io.Writer, width int) error {
	table := Listing{Header: s.titles()}
	for _, row := range s.Rows {
		table.Rows = append(table.Rows, row.cells())
	}
	if err := table.Write(w, width); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n"+folded(s.legend(""), width))
	return err
}

// Markdown writes the same for a page.
func (s *Scoreboard) Markdown(w io.Writer) error {
	var out strings.Builder
	line := func(cells []string) { out.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(s.titles())
	out.WriteString(strings.Repeat("|---", len(s.Columns)+1) + "|\n")
	for _, row := range s.Rows {
		line(row.cells())
	}
	_, err := io.WriteString(w, out.String()+"\n"+s.legend("- "))
	return err
}

func (s *Scoreboard) legend(bullet string) string {
	var out strings.Builder
	for _, c := range s.Columns {
		fmt.Fprintf(&out, "%s%s (%s): %s\n", bullet, c.Title, c.Scenario, c.About)
	}
	return out.String()
}
