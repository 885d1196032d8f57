package results

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Terminal writes the human report: verdict first, then affinity, consistency, failover, latency,
// instances, timeline, or the savings and arms of a comparison, and warnings as footnotes. Width is in columns.
func Terminal(w io.Writer, r *Report, width int, color bool) error {
	p := &page{report: r, width: max(60, width), color: color}
	p.verdict()
	switch {
	case r.compares():
		p.comparison()
	case len(r.Runs) > 0:
		p.run()
	}
	p.footnotes()
	if p.err != nil {
		return p.err
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// run is the body of the report of one run.
func (p *page) run() {
	p.affinity()
	p.failover()
	p.latency()
	p.store()
	p.instances()
	p.generator()
	p.timeline()
	p.violations()
}

// page gathers the text of one report.
type page struct {
	report *Report
	width  int
	color  bool
	text   strings.Builder
	err    error
}

func (p *page) line(format string, args ...any) {
	p.wrap(fmt.Sprintf(format, args...), "")
}

// wrap breaks text between words at the page's width; further lines start with indent.
func (p *page) wrap(text, indent string) {
	column := 0
	for i, word := range strings.SplitAfter(text, " ") {
		if i > 0 && column+len(strings.TrimRight(word, " ")) > p.width {
			p.text.WriteString("\n" + indent)
			column = len(indent)
		}
		p.text.WriteString(word)
		column += len(word)
	}
	p.text.WriteString("\n")
}

func (p *page) heading(title string) { p.text.WriteString("\n" + p.paint("1", title) + "\n") }

func (p *page) paint(code, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *page) verdict() {
	r := p.report
	colors := map[Verdict]string{Pass: "1;32", Fail: "1;31", Inconclusive: "1;33", Invalid: "1;35"}
	word := p.paint(colors[r.Verdict], strings.ToUpper(string(r.Verdict)))
	for i, reason := range append(r.Reasons[:len(r.Reasons):len(r.Reasons)], "")[:max(1, len(r.Reasons))] {
		if i == 0 {
			reason = word + "  " + reason
		} else {
			reason = "      " + reason
		}
		p.wrap(reason, "      ")
	}
	for _, run := range r.Runs {
		p.wrap(fmt.Sprintf("%s %s, %s, store %s, mix %s, seed %d, %d instances, %s, %.1f s, %s",
			run.LB, run.LBVersion, run.Mechanism, run.Store, run.Mix, run.Seed, run.Backends, run.CPU(), run.Duration, run.Dir), "      ")
	}
	for _, c := range r.Checks {
		p.wrap(fmt.Sprintf("gate %-12s %s  measured %.4g%s %s", c.Verdict, c.Gate, c.Value, bounds(c.Lo, c.Hi, 1, ""), c.Why), "     ")
	}
}

// bounds is " (lo … hi unit)", or nothing when no interval is claimed.
func bounds(lo, hi *float64, scale float64, unit string) string {
	switch {
	case lo != nil && hi != nil:
		return fmt.Sprintf(" (%.3g%s … %.3g%s)", *lo*scale, unit, *hi*scale, unit)
	case hi != nil:
		return fmt.Sprintf(" (below %.3g%s)", *hi*scale, unit)
	}
	return ""
}

// value finds an unlabelled metric; absent ones count as zero.
func (p *page) value(name string) (Metric, bool) { return p.report.Find(name, nil) }

func (p *page) number(name string) float64 {
	m, _ := p.value(name)
	return m.Value
}

func (p *page) affinity() {
	ratio, ok := p.value("affinity.broken_ratio")
	if !ok {
		p.line("\nAffinity and consistency: not measured")
		return
	}
	p.heading("Affinity")
	p.line("%.0f sessions, %.0f eligible, %.0f broken = %.3g%%%s at 95 %%", p.number("affinity.sessions"),
		p.number("affinity.eligible_sessions"), p.number("affinity.broken_sessions"), 100*ratio.Value, bounds(ratio.Lo, ratio.Hi, 100, "%"))
	p.line("%.0f rebinds, %.0f of them excused; %.4g%% of follow-up requests stayed home", p.number("affinity.rebinds"),
		p.number("affinity.excused_rebinds"), 100*p.number("affinity.stick_ratio"))
	p.heading("Consistency")
	var parts []string
	for _, kind := range []string{"lost", "stale", "fork", "duplicate", "leak"} {
		text := fmt.Sprintf("%s %.0f", kind, p.number("consistency."+kind))
		if m, ok := p.report.Find("consistency."+kind, map[string]string{"excused": "true"}); ok && m.Value > 0 {
			text += fmt.Sprintf(" (%.0f excused)", m.Value)
		}
		parts = append(parts, text)
	}
	p.line("%s sessions", strings.Join(parts, ", "))
}

func (p *page) failover() {
	printed := false
	for _, m := range p.report.Metrics {
		if m.Name != "failover.victims" || m.Labels == nil {
			continue
		}
		if !printed {
			p.heading("Failover")
			printed = true
		}
		get := func(name string) Metric { f, _ := p.report.Find("failover."+name, m.Labels); return f }
		text := fmt.Sprintf("%s: %.0f sessions homed there (ideal %.0f), %.0f collateral moves, %.0f failed requests, %.0f returned home",
			m.Labels["fault"], m.Value, get("ideal_victims").Value, get("collateral_moves").Value, get("error_requests").Value, get("returned_home").Value)
		if recovery := get("recovery_seconds"); recovery.N > 0 {
			text += fmt.Sprintf(", recovered in %.3g s", recovery.Value)
		}
		p.wrap(text, "  ")
	}
}

func (p *page) generator() {
	p.heading("Generator")
	p.wrap(fmt.Sprintf("%.0f requests at %.1f/s, errors %.3g%%, lag p50 %.3g ms p99 %.3g ms, achieved %.4g%% of the offered load, CPU share %.2g%% of the machine",
		p.number("requests.count"), p.number("requests.rate"), 100*p.number("errors.ratio"), 1e3*p.number("generator.lag.p50"),
		1e3*p.number("generator.lag.p99"), 100*p.number("generator.achieved_ratio"), 100*p.number("generator.cpu_share")), "  ")
}

func (p *page) timeline() {
	if len(p.report.Timeline) == 0 {
		return
	}
	p.heading("Timeline")
	for _, e := range p.report.Timeline {
		p.wrap(fmt.Sprintf("%7.2f s  %s", e.At, e.What), strings.Repeat(" ", 11))
	}
}

// shownViolations keeps the report on a screen; report.json has the rest.
const shownViolations = 8

func (p *page) violations() {
	var open []Violation
	for _, v := range p.report.Violations {
		if !v.Excused {
			open = append(open, v)
		}
	}
	if len(open) == 0 {
		return
	}
	p.heading("Violations")
	for _, v := range open[:min(len(open), shownViolations)] {
		p.wrap(fmt.Sprintf("%7.2f s  %-9s session %s %s→%s: %s", v.At, v.Kind, v.Session, v.From, v.To, v.Why), strings.Repeat(" ", 11))
	}
	if more := len(open) - shownViolations; more > 0 {
		p.line("  … and %d more in report.json", more)
	}
}

func (p *page) footnotes() {
	notes := append([]string(nil), p.report.Warnings...)
	starred := false
	for _, m := range p.report.Metrics {
		if strings.HasPrefix(m.Name, "latency.") || strings.HasPrefix(m.Name, "saving.") {
			starred = starred || len(m.Warnings) > 0
			continue
		}
		for _, w := range m.Warnings {
			if !slices.Contains(notes, w) {
				notes = append(notes, w)
			}
		}
	}
	if starred {
		notes = append(notes, "* too few values lie beyond this quantile to trust it; report.json says how many")
	}
	if len(notes) == 0 {
		return
	}
	p.heading("Notes")
	for i, note := range notes {
		p.wrap(fmt.Sprintf("[%d] %s", i+1, note), "    ")
	}
}
