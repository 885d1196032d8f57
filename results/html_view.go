package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// htmlView is the page as its template reads it.
type htmlView struct {
	Title, Verdict string
	Reasons, Facts []string
	Checks         []checkView
	Affinity       *intervalView
	AffinityText   []string
	Savings        []intervalView
	Curves, Time   []chartView
	Events         []string
	Timeline       *timelineView
	Instances      []instanceView
	SkewText       []string
	Headroom       []barView
	Consistency    []anomalyView
	Violations     violationsView // what nothing excuses
	Excused        violationsView
	Sections       []sectionView
	Folded         []sectionView
	Experiment     string
	Environment    [][2]string
	Notes          []string
	Data           pageData
}

// pageData is what the page's script reads.
type pageData struct {
	Charts   map[string]readout `json:"charts"`
	Sessions []sessionData      `json:"sessions"`
}

type checkView struct{ Gate, Verdict, Measured, Why string }

// intervalView is a value with its interval on an axis; places are per cent.
type intervalView struct {
	Name, Text     string
	Lo, Width, Pos float64
	Zero           float64
	Ticks          []tick
}

type barView struct {
	Name, Text string
	Width      float64
}

// instanceView is one instance's bars; the band is where random assignment would put it.
type instanceView struct {
	Name                string
	Color               int
	Sessions            string
	Requests, CPU       barView
	BandFrom, BandWidth float64
}

type anomalyView struct{ Kind, About, Unexcused, Excused string }

// violationsView is what there was in all, and the first of them.
type violationsView struct {
	Count  int
	Listed []violationView
}

type violationView struct {
	Text    string
	Session int // index of the session's row; -1 when it is not in the sample
	Class   string
}

// More is how many are not listed.
func (v violationsView) More() int { return v.Count - len(v.Listed) }

type sectionView struct {
	Title        string
	Lines, After []string
	Columns      []string
	Rows         [][]cellView
}

type cellView struct {
	Text  string
	IsBar bool
	Width float64
}

func newHTMLView(r *Report, c *Charts) *htmlView {
	v := &htmlView{Title: r.title(), Verdict: string(r.Verdict), Reasons: r.Reasons, Notes: r.notes(), Experiment: c.Experiment,
		Data: pageData{Charts: map[string]readout{}, Sessions: []sessionData{}}}
	for _, run := range r.Runs {
		v.Facts = append(v.Facts, run.Facts())
	}
	for _, check := range r.Checks {
		v.Checks = append(v.Checks, checkView{check.Gate, string(check.Verdict), check.Measured(), check.Why})
	}
	for i, e := range r.Timeline {
		v.Events = append(v.Events, fmt.Sprintf("%d: %.2f s, %s", i+1, e.At, e.What))
	}
	v.Environment = environment(c.Run)
	v.curveCharts(c)
	if r.Compares() {
		v.comparison(r)
	} else {
		v.run(r, c)
	}
	return v
}

// run fills in what only one run has.
func (v *htmlView) run(r *Report, c *Charts) {
	v.affinity(r)
	v.timeCharts(r, c)
	v.timeline(r, c)
	v.instances(r, c)
	v.consistency(r)
	v.violations(r)
	v.addSections(r, "Affinity", "Consistency", "Instances", "Timeline", "Violations")
}

func (v *htmlView) comparison(r *Report) {
	v.savings(r)
	v.addSections(r)
}

// addSections takes over all sections but those that are drawn.
func (v *htmlView) addSections(r *Report, drawn ...string) {
	for _, s := range r.sections() {
		view := viewOf(s)
		switch {
		case s.folded:
			v.Folded = append(v.Folded, view)
		case !slices.Contains(drawn, s.title):
			v.Sections = append(v.Sections, view)
		}
	}
}

func viewOf(s section) sectionView {
	view := sectionView{Title: s.title, Lines: s.lines, After: s.after}
	for _, c := range s.table.columns {
		view.Columns = append(view.Columns, c.name)
	}
	for _, row := range s.table.rows {
		var cells []cellView
		for _, c := range row {
			cells = append(cells, cellView{c.text, c.isBar, rounded(100 * min(max(c.bar, 0), 1))})
		}
		view.Rows = append(view.Rows, cells)
	}
	return view
}

func (v *htmlView) affinity(r *Report) {
	m, ok := r.value("affinity.broken_ratio")
	v.AffinityText = r.affinity().lines
	if !ok || m.Hi == nil || m.Lo == nil {
		return
	}
	x := linear(min(1, max(*m.Hi*1.2, 0.001)))
	v.Affinity = &intervalView{Name: "broken sessions", Text: fmt.Sprintf("%.3g %% of %d sessions broke affinity; 95 %% sure: %.3g %% to %.3g %%", 100*m.Value, m.N, 100**m.Lo, 100**m.Hi),
		Lo: x.at(*m.Lo), Width: rounded(x.at(*m.Hi) - x.at(*m.Lo)), Pos: x.at(m.Value), Ticks: x.linearTicks(func(v float64) string { return fmt.Sprintf("%.3g %%", 100*v) })}
}

// savings puts the savings of the first pair on one axis, around zero.
func (v *htmlView) savings(r *Report) {
	reach := 0.0
	var list []Metric
	for _, point := range []string{"mean", "p50", "p90", "p99"} {
		if m, ok := r.value("saving." + point); ok && m.Lo != nil && m.Hi != nil {
			list, reach = append(list, m), max(reach, -*m.Lo, *m.Hi)
		}
	}
	most := linear(reach).most
	x := axis{least: -most, most: most}
	for _, m := range list {
		v.Savings = append(v.Savings, intervalView{Name: strings.TrimPrefix(m.Name, "saving."), Zero: 50, Lo: x.at(*m.Lo), Width: rounded(x.at(*m.Hi) - x.at(*m.Lo)), Pos: x.at(m.Value),
			Text:  fmt.Sprintf("%s (%s … %s)", Signed(m.Value, Seconds), Signed(*m.Lo, Seconds), Signed(*m.Hi, Seconds)),
			Ticks: []tick{{0, Signed(-most, Seconds)}, {50, "0"}, {100, Signed(most, Seconds)}}})
	}
}

func (v *htmlView) consistency(r *Report) {
	abouts := map[string]string{"lost": "the session's state was gone", "stale": "an older version than seen before", "fork": "two histories of one session",
		"duplicate": "one write applied twice", "leak": "the answer of another session"}
	for _, kind := range anomalies {
		count := func(excused string) string {
			m, _ := r.Find("consistency."+kind, map[string]string{"excused": excused})
			return fmt.Sprintf("%.0f", m.Value)
		}
		v.Consistency = append(v.Consistency, anomalyView{kind, abouts[kind], count("false"), count("true")})
	}
}

// listedViolations bounds each list on the page; the timeline and report.json have more.
const listedViolations = 100

func (v *htmlView) violations(r *Report) {
	rows := map[string]int{}
	for i, s := range v.Data.Sessions {
		rows[s.ID] = i
	}
	for _, violation := range r.Violations {
		list, class := &v.Violations, "broken"
		if violation.Excused {
			list, class = &v.Excused, "excused"
		}
		list.Count++
		if len(list.Listed) == listedViolations {
			continue
		}
		row, ok := rows[violation.Session]
		if !ok {
			row = -1
		}
		list.Listed = append(list.Listed, violationView{Session: row, Class: class,
			Text: fmt.Sprintf("%.2f s %s, session %s, %s → %s%s: %s", violation.At, violation.Kind, violation.Session, violation.From, violation.To, violation.through(), violation.Why)})
	}
}

func environment(run Run) [][2]string {
	h := run.Host
	return [][2]string{{"stickybench", run.Version}, {"balancer", run.LB + " " + run.LBVersion},
		{"mechanism", fmt.Sprintf("%s; when its home fails a session %s", run.Mechanism.Name, run.Mechanism.Family.Describe())},
		{"in front", cmp.Or(run.Front.String(), "nothing")},
		{"marker lifetime, detection", fmt.Sprintf("%v, %v", run.Mechanism.TTL, run.Mechanism.Detection)},
		{"store", run.Store}, {"mix", run.Mix}, {"seed", fmt.Sprint(run.Seed)},
		{"machine", fmt.Sprintf("%s, %d cores, %.1f GiB", h.CPU, h.Cores, float64(h.MemoryBytes)/(1<<30))},
		{"system", fmt.Sprintf("%s/%s, kernel %s", h.OS, h.Arch, h.Kernel)},
		{"revision", cmp.Or(run.Revision.String(), "not known")},
		{"started", run.Start.Wall().Format("2006-01-02 15:04:05 UTC")}}
}
