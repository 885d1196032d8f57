package results

import (
	"fmt"
	"io"
	"strings"
)

// signs stand before a verdict where there is no colour.
var signs = map[Verdict]string{Pass: "✅", Fail: "❌", Inconclusive: "❔", Invalid: "⚠️"}

// mostMarkdown is what a comment on GitHub may hold, in characters; bytes are at least as many.
const mostMarkdown = 65_000

// Markdown writes the report for a pull request's comment: verdict and gates first, the rest folded. What
// is too long for a comment goes without the list of all figures, and says so.
func Markdown(w io.Writer, r *Report) error {
	r = r.finite()
	text := markdownOf(r, true)
	if len(text) > mostMarkdown {
		text = markdownOf(r, false)
	}
	_, err := io.WriteString(w, text)
	return err
}

func markdownOf(r *Report, everything bool) string {
	m := &markdown{}
	m.line("### %s %s: %s", signs[r.Verdict], escapeMarkdown(r.title()), r.Verdict)
	m.line("")
	for _, reason := range r.Reasons {
		m.line("%s\n", escapeMarkdown(reason))
	}
	for _, run := range r.Runs {
		m.line("<sub>%s</sub>\n", escapeMarkdown(run.Facts()))
	}
	m.table(gateTable(r.Checks))
	m.line("<details><summary>Report</summary>\n")
	for _, s := range r.sections() {
		if everything || !s.folded {
			m.section(s)
		}
	}
	if !everything {
		m.line("All %d figures are in report.json: they are too many for a comment.\n", len(r.Metrics))
	}
	m.line("</details>")
	if notes := r.notes(); len(notes) > 0 {
		m.line("\n<details><summary>%d notes</summary>\n", len(notes))
		for i, note := range notes {
			m.line("%d. %s", i+1, escapeMarkdown(note))
		}
		m.line("\n</details>")
	}
	return m.String()
}

// gateTable lists the gates and how each fared.
func gateTable(checks []Check) table {
	t := table{columns: headings("gate", "verdict", "measured", "why")}
	for _, c := range checks {
		t.rows = append(t.rows, words(c.Gate, signs[c.Verdict]+" "+string(c.Verdict), c.Measured(), c.Why))
	}
	return t
}

type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *markdown) section(s section) {
	if s.folded {
		m.line("<details><summary>%s</summary>\n", s.title)
		m.table(s.table)
		m.line("</details>\n")
		return
	}
	m.line("#### %s\n", escapeMarkdown(s.title))
	m.paragraphs(s.lines)
	m.table(s.table)
	m.paragraphs(s.after)
}

func (m *markdown) paragraphs(lines []string) {
	for _, line := range lines {
		m.line("%s  ", escapeMarkdown(strings.TrimSpace(line)))
	}
	if len(lines) > 0 {
		m.line("")
	}
}

// bars are so many characters wide at the most.
const markdownBar = 20

func (m *markdown) table(t table) {
	if len(t.rows) == 0 {
		return
	}
	m.row(len(t.columns), func(i int) string { return t.columns[i].name })
	m.row(len(t.columns), func(int) string { return "---" })
	for _, row := range t.rows {
		m.row(len(row), func(i int) string {
			if row[i].isBar {
				return bar(row[i].bar, markdownBar)
			}
			return row[i].text
		})
	}
	m.line("")
}

func (m *markdown) row(n int, text func(int) string) {
	m.WriteString("|")
	for i := range n {
		m.WriteString(" " + escapeMarkdown(text(i)) + " |")
	}
	m.WriteString("\n")
}

// escapeMarkdown keeps names and messages from being read as markup; a report is also printed where
// strangers' answers end up in it.
func escapeMarkdown(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`,
		"@", "@\u200b", "\n", " ", "\r", " ").Replace(text)
}
