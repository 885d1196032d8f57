package results

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Terminal writes the human report: verdict first, then the sections, and warnings as footnotes. Width is
// in columns.
func Terminal(w io.Writer, r *Report, width int, color bool) error {
	p := newPage(r, width, color)
	p.verdict()
	for _, s := range r.sections() {
		if !s.folded {
			p.section(s)
		}
	}
	p.notes(r.notes())
	return p.flush(w)
}

// TerminalGates writes the verdict and the gates, and what is to be known about them.
func TerminalGates(w io.Writer, r *Report, width int, color bool) error {
	p := newPage(r, width, color)
	p.verdict()
	p.notes(r.Warnings)
	return p.flush(w)
}

// page gathers the text of one report.
type page struct {
	report *Report
	width  int
	color  bool
	text   strings.Builder
	err    error
}

// narrowest is the width below which nothing is promised.
const narrowest = 60

func newPage(r *Report, width int, color bool) *page {
	return &page{report: r.finite(), width: max(narrowest, width), color: color}
}

func (p *page) flush(w io.Writer) error {
	if p.err != nil {
		return p.err
	}
	_, err := io.WriteString(w, p.text.String())
	return err
}

// wrap breaks text between words at the page's width; further lines start with indent.
func (p *page) wrap(text, indent string) {
	for _, line := range breakWords(text, p.width, indent) {
		p.text.WriteString(line + "\n")
	}
}

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
		if reason = clean(reason); i == 0 {
			reason = word + "  " + reason
		} else {
			reason = "      " + reason
		}
		p.wrap(reason, "      ")
	}
	for _, run := range r.Runs {
		p.wrap(clean(run.Facts()), "      ")
	}
	for _, c := range r.Checks {
		p.wrap(clean(strings.TrimSpace(fmt.Sprintf("gate %-12s %s  %s  %s", c.Verdict, c.Gate, c.Measured(), c.Why))), "     ")
	}
}

// Facts is what was run, in one line.
func (run ReportRun) Facts() string {
	mechanism := run.Mechanism
	if run.Front != "" {
		mechanism += ", " + run.Front
	}
	text := fmt.Sprintf("%s, %s, store %s, mix %s, seed %d, %d instances, %s, %.1f s, %s", strings.TrimSpace(run.LB+" "+run.LBVersion),
		mechanism, run.Store, run.Mix, run.Seed, run.Backends, run.CPU(), run.Duration, run.Dir)
	if revision := run.Revision.String(); revision != "" {
		text += ", revision " + revision
	}
	return text
}

func (p *page) section(s section) {
	p.text.WriteString("\n" + p.paint("1", clean(s.title)) + "\n")
	for _, line := range s.lines {
		p.wrap(clean(line), "  ")
	}
	if len(s.table.rows) > 0 {
		p.table(s.table)
	}
	for _, line := range s.after {
		p.wrap(clean(line), "  ")
	}
}

func (p *page) notes(notes []string) {
	if len(notes) == 0 {
		return
	}
	p.text.WriteString("\n" + p.paint("1", "Notes") + "\n")
	for i, note := range notes {
		p.wrap(clean(fmt.Sprintf("[%d] %s", i+1, note)), "    ")
	}
}

// clean leaves out control characters: names in a report come from strangers' answers, and a terminal
// obeys what it is sent.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}
