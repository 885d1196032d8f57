package results

import (
	"fmt"
	"slices"
	"strings"
)

// compares says whether the report is one of a comparison: its figures belong to arms.
func (r *Report) compares() bool {
	return len(r.Runs) > 1 && slices.ContainsFunc(r.Metrics, func(m Metric) bool { return m.Labels["arm"] != "" })
}

// comparison is the body of the report of a comparison.
func (p *page) comparison() {
	p.savings(p.report.Runs[0].Name, p.report.Runs[1].Name)
	p.furtherSavings("At equal CPU of the hottest instance", func(m Metric) string { return m.Labels["at"] })
	p.furtherSavings("Other pairs", func(m Metric) string {
		if m.Labels["against"] == "" {
			return ""
		}
		return m.Labels["arm"] + " against " + m.Labels["against"]
	})
	p.furtherSavings("Saving by profile", func(m Metric) string { return m.Labels["profile"] })
	p.furtherSavings("Saving by zone of the instance", func(m Metric) string { return m.Labels["zone"] })
	p.arms()
}

// savings is the table of the first pair of arms.
func (p *page) savings(first, second string) {
	p.heading("Response time: what " + first + " saves against " + second)
	p.line("mean over blocks with 95 %% intervals; p: exact sign-flip test")
	var rows [][]string
	for _, point := range []string{"mean", "p50", "p90", "p99"} {
		m, ok := p.value("saving." + point)
		if !ok {
			continue
		}
		time := func(arm string) string {
			m, _ := p.report.Find("latency.response."+point, map[string]string{"arm": arm})
			return fmt.Sprintf("%.3g", 1e3*m.Value)
		}
		rows = append(rows, append([]string{point, time(first), time(second)}, p.savingCells(m, point)...))
	}
	p.table([]string{"", first + " ms", second + " ms", "saving ms", "saving %", "p"}, rows)
}

// savingCells are the saving in ms and %, and its p.
func (p *page) savingCells(m Metric, point string) []string {
	ratio, _ := p.report.Find("saving."+point+"_ratio", m.Labels)
	cells := []string{ranged(m, 1e3), ranged(ratio, 100), ""}
	if test, ok := p.report.Find("saving."+point+"_p", m.Labels); ok {
		cells[2] = fmt.Sprintf("%.2g", test.Value)
	}
	return cells
}

// ranged is a value with its interval, starred when it is insufficient.
func ranged(m Metric, scale float64) string {
	if len(m.Warnings) > 0 {
		return fmt.Sprintf("%.3g* insufficient", scale*m.Value)
	}
	return fmt.Sprintf("%.3g%s", scale*m.Value, bounds(m.Lo, m.Hi, scale, ""))
}

// furtherSavings is the table of the labelled savings that name gives a name to; those that rest on
// too few answers are left to report.json.
func (p *page) furtherSavings(title string, name func(Metric) string) {
	var rows [][]string
	for _, m := range p.report.Metrics {
		point, found := strings.CutPrefix(m.Name, "saving.")
		if !found || (point != "p50" && point != "p99") || len(m.Warnings) > 0 {
			continue
		}
		if row := name(m); row != "" {
			rows = append(rows, append([]string{row + " " + point}, p.savingCells(m, point)...))
		}
	}
	if len(rows) > 0 {
		p.heading(title)
		p.table([]string{"", "saving ms", "saving %", "p"}, rows)
	}
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
}

// arms puts the arms side by side; a narrow page leaves the intervals out.
func (p *page) arms() {
	p.heading("Arms")
	var rows [][]string
	for _, of := range armRows {
		row, any := []string{of.title}, false
		for _, run := range p.report.Runs {
			m, ok := p.report.Find(of.metric, map[string]string{"arm": run.Name})
			any = any || ok
			row = append(row, p.armCell(m, ok, of.scale))
		}
		if any {
			rows = append(rows, row)
		}
	}
	header := []string{""}
	for _, run := range p.report.Runs {
		header = append(header, run.Name)
	}
	p.table(header, rows)
	p.costs()
}

// costs says what the first arm costs, and from where on it pays.
func (p *page) costs() {
	first, second := p.report.Runs[0].Name, p.report.Runs[1].Name
	if m, ok := p.value("cost.extra_instances"); ok {
		p.wrap(fmt.Sprintf("%s needs %s instances more (or, below zero, fewer) until its hottest is as hot as that of %s", first, ranged(m, 1), second), "  ")
	}
	if m, ok := p.value("cost.break_even_operation"); ok {
		p.wrap(fmt.Sprintf("mean response times are equal at %s ms per store operation: %s pays while operations take longer (below zero: always)", ranged(m, 1e3), first), "  ")
	}
	for _, m := range p.report.Metrics {
		if m.Name == "cost.lost_sessions_per_day" {
			p.wrap(fmt.Sprintf("%s loses the state of %s sessions a day, at this load and the given crashes and deploys", m.Labels["arm"], loss(m)), "  ")
		}
	}
}

// loss leaves its warning to the notes: the figure is an estimate, not insufficient.
func loss(m Metric) string { return fmt.Sprintf("%.3g%s", m.Value, bounds(m.Lo, m.Hi, 1, "")) }

func (p *page) armCell(m Metric, ok bool, scale float64) string {
	switch {
	case !ok:
		return "-"
	case len(m.Warnings) > 0:
		return fmt.Sprintf("%.3g*", scale*m.Value)
	case p.width < 40*len(p.report.Runs):
		return fmt.Sprintf("%.3g", scale*m.Value)
	}
	return ranged(m, scale)
}
