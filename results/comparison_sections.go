package results

import (
	"fmt"
	"slices"
	"strings"
)

// Compares says whether the report is one of a comparison: its figures belong to arms.
func (r *Report) Compares() bool {
	return len(r.Runs) > 1 && slices.ContainsFunc(r.Metrics, func(m Metric) bool { return m.Labels["arm"] != "" })
}

// comparisonSections are those of a comparison.
func (r *Report) comparisonSections() []section {
	return []section{
		r.savings(r.Runs[0].Name, r.Runs[1].Name),
		r.furtherSavings("At equal CPU of the hottest instance", func(m Metric) string { return m.Labels["at"] }),
		r.furtherSavings("Other pairs", func(m Metric) string {
			if m.Labels["against"] == "" {
				return ""
			}
			return m.Labels["arm"] + " against " + m.Labels["against"]
		}),
		r.furtherSavings("Saving by profile", func(m Metric) string { return m.Labels["profile"] }),
		r.furtherSavings("Saving by zone of the instance", func(m Metric) string { return m.Labels["zone"] }),
		r.arms(),
	}
}

// savings is the table of the first pair of arms.
func (r *Report) savings(first, second string) section {
	s := section{title: "Response time: what " + first + " saves against " + second,
		lines: []string{"mean over blocks with 95 % intervals; p: exact sign-flip test"},
		table: table{columns: []column{{"", 0}, {first + " ms", 1}, {second + " ms", 1}, {"saving ms", 0}, {"saving %", 0}, {"p", 2}}}}
	for _, point := range []string{"mean", "p50", "p90", "p99"} {
		m, ok := r.value("saving." + point)
		if !ok {
			continue
		}
		time := func(arm string) string {
			m, _ := r.Find("latency.response."+point, map[string]string{"arm": arm})
			return short(1e3 * m.Value)
		}
		s.table.rows = append(s.table.rows, append(words(point, time(first), time(second)), r.savingCells(m, point)...))
	}
	return s
}

// savingCells are the saving in ms and %, and its p.
func (r *Report) savingCells(m Metric, point string) []cell {
	ratio, _ := r.Find("saving."+point+"_ratio", m.Labels)
	p := ""
	if test, ok := r.Find("saving."+point+"_p", m.Labels); ok {
		p = fmt.Sprintf("%.2g", test.Value)
	}
	return []cell{ranged(m, 1e3), ranged(ratio, 100), {text: p}}
}

// ranged is a value with its interval, starred when it is insufficient and has none.
func ranged(m Metric, scale float64) cell {
	value := short(scale * m.Value)
	if len(m.Warnings) > 0 && m.Lo == nil {
		return cell{text: value + "* insufficient", brief: value + "*"}
	}
	return cell{text: value + bounds(m.Lo, m.Hi, scale, ""), brief: value}
}

// furtherSavings is the table of the labelled savings that name gives a name to; those that rest on
// too few answers are left to the list of all figures.
func (r *Report) furtherSavings(title string, name func(Metric) string) section {
	s := section{title: title, table: table{columns: []column{{"", 0}, {"saving ms", 0}, {"saving %", 0}, {"p", 1}}}}
	for _, m := range r.Metrics {
		point, found := strings.CutPrefix(m.Name, "saving.")
		if !found || (point != "p50" && point != "p99") || len(m.Warnings) > 0 {
			continue
		}
		if row := name(m); row != "" {
			s.table.rows = append(s.table.rows, append(words(row+" "+point), r.savingCells(m, point)...))
		}
	}
	return s
}

// armRow is one line of the table of arms.
type armRow struct {
	title, metric string
	scale         float64
}

var armRows = []armRow{
	{"requests/s", "requests.rate", 1}, {"errors %", "errors.ratio", 100},
	{"store operations per request", "store.operations_per_request", 1},
	{"injected round trip p50 ms", "store.injected.p50", 1e3}, {"server's own time per operation ms", "store.round_trip.mean", 1e3},
	{"store p50 ms", "latency.store.p50", 1e3}, {"store p99 ms", "latency.store.p99", 1e3},
	{"handler p50 ms", "latency.handler.p50", 1e3},
	{"sessions, hottest/mean", "skew.sessions.max_over_mean", 1},
	{"requests, hottest/mean", "skew.requests.max_over_mean", 1},
	{"CPU, hottest/mean", "skew.cpu.max_over_mean", 1}, {"CPU of the hottest %", "skew.cpu.hottest", 100},
	{"headroom %", "skew.cpu.headroom", 100}, {"headroom by the average %", "skew.cpu.headroom_by_average", 100},
	{"sessions that broke affinity %", "affinity.broken_ratio", 100},
	{"sessions that lost state", "consistency.lost", 1}, {"sessions lost per crash", "failover.lost_per_crash", 1}, {"sessions lost per rolling deploy", "failover.lost_per_deploy", 1},
	{"sessions lost per day, estimated", "cost.lost_sessions_per_day", 1},
}

// arms puts the arms side by side.
func (r *Report) arms() section {
	s := section{title: "Arms", table: table{columns: headings("")}}
	for _, run := range r.Runs {
		s.table.columns = append(s.table.columns, column{name: run.Name})
	}
	for _, of := range armRows {
		row, any := words(of.title), false
		for _, run := range r.Runs {
			m, ok := r.Find(of.metric, map[string]string{"arm": run.Name})
			if any = any || ok; ok {
				row = append(row, ranged(m, of.scale))
			} else {
				row = append(row, cell{text: "-"})
			}
		}
		if any {
			s.table.rows = append(s.table.rows, row)
		}
	}
	s.after = r.costs()
	return s
}

// costs says what the first arm costs, and from where on it pays.
func (r *Report) costs() (lines []string) {
	first, second := r.Runs[0].Name, r.Runs[1].Name
	if m, ok := r.value("cost.extra_instances"); ok {
		lines = append(lines, fmt.Sprintf("%s needs %s instances more (or, below zero, fewer) until its hottest is as hot as that of %s", first, ranged(m, 1).text, second))
	}
	if m, ok := r.value("cost.break_even_operation"); ok {
		lines = append(lines, fmt.Sprintf("mean response times are equal at %s ms per store operation: %s pays while operations take longer (below zero: always)", ranged(m, 1e3).text, first))
	}
	return lines
}
