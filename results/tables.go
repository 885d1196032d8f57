package results

import (
	"fmt"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// table renders rows under a header into the page.
func (p *page) table(header []string, rows [][]string) {
	t := tablewriter.NewTable(&p.text,
		tablewriter.WithRendition(tw.Rendition{Borders: tw.BorderNone}),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft))
	t.Header(header)
	for _, row := range rows {
		if err := t.Append(row); err != nil {
			p.err = err
		}
	}
	if err := t.Render(); err != nil {
		p.err = err
	}
}

// quantiles are the columns of the latency table; a narrow page leaves some out.
func (p *page) quantiles() []string {
	if p.width < 80 {
		return []string{"p50", "p90", "p99", "max"}
	}
	return []string{"mean", "p50", "p90", "p95", "p99", "p999", "max"}
}

func (p *page) latency() {
	p.heading("Latency (ms)")
	var rows [][]string
	for _, m := range p.report.Metrics {
		clock, found := strings.CutPrefix(m.Name, "latency.")
		clock, isMedian := strings.CutSuffix(clock, ".p50")
		if !found || !isMedian {
			continue
		}
		if m.Labels != nil && clock != "response" {
			continue // by profile the response time says enough
		}
		name := clock
		if profile := m.Labels["profile"]; profile != "" {
			name += " " + profile
		}
		rows = append(rows, p.latencyRow(name, "latency."+clock+".", m.Labels))
	}
	p.table(append([]string{""}, p.quantiles()...), rows)
}

func (p *page) latencyRow(name, prefix string, labels map[string]string) []string {
	row := []string{name}
	for _, q := range p.quantiles() {
		m, ok := p.report.Find(prefix+q, labels)
		cell := "-"
		if ok {
			cell = fmt.Sprintf("%.3g", 1e3*m.Value)
			if len(m.Warnings) > 0 {
				cell += "*"
			}
		}
		row = append(row, cell)
	}
	return row
}

func (p *page) instances() {
	p.heading("Instances")
	var rows [][]string
	for _, m := range p.report.Metrics {
		if m.Name == "instance.requests" {
			rows = append(rows, p.instanceRow(m.Labels))
		}
	}
	p.table([]string{"", "sessions", "requests", "CPU s", "CPU", "share", ""}, rows)
	for _, of := range []string{"sessions", "requests", "inflight", "cpu"} {
		if m, ok := p.value("skew." + of + ".max_over_mean"); ok {
			p.wrap(fmt.Sprintf("%s: hottest %.3g× the mean, CV %.3g of which %.3g unavoidable, excess %.3g", of, m.Value,
				p.number("skew."+of+".cv"), p.number("skew."+of+".unavoidable_cv"), p.number("skew."+of+".excess_cv")), "  ")
		}
	}
	if m, ok := p.value("skew.sessions.chi2_p"); ok {
		p.wrap(fmt.Sprintf("session counts against an even spread: chi-squared p = %.3g", m.Value), "  ")
	}
	if _, ok := p.value("skew.cpu.headroom"); ok {
		p.wrap(fmt.Sprintf("headroom %+.0f%% (by the average it looks like %+.0f%%)", 100*p.number("skew.cpu.headroom"),
			100*p.number("skew.cpu.headroom_by_average")), "  ")
	}
}

func (p *page) instanceRow(labels map[string]string) []string {
	get := func(name string) float64 { m, _ := p.report.Find("instance."+name, labels); return m.Value }
	bar := bar(get("share"), max(0, p.width-60))
	return []string{labels["instance"], fmt.Sprintf("%.0f", get("sessions")), fmt.Sprintf("%.0f", get("requests")),
		fmt.Sprintf("%.3g", get("cpu_seconds")), fmt.Sprintf("%.3g%%", 100*get("cpu_ratio")), fmt.Sprintf("%.1f%%", 100*get("share")), bar}
}

// bar draws share of width; NaN and what lies outside 0 … 1 are clamped, because a damaged report must not panic.
func bar(share float64, width int) string {
	if !(share > 0) {
		return ""
	}
	return strings.Repeat("█", int(min(share, 1)*float64(width)+0.5))
}
