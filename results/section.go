package results

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// section is one part of a report. Terminal, Markdown and HTML print the same list of them.
type section struct {
	title  string
	lines  []string // sentences before the table
	table  table
	after  []string // sentences below it
	folded bool     // everything once more: only for formats that can fold it away
}

type table struct {
	columns []column
	rows    [][]cell
}

// column is a heading and when it goes: where space is short the highest rank first, 0 never.
type column struct {
	name string
	rank int
}

// cell is one figure. Where space is short, brief stands for text.
type cell struct {
	text  string
	brief string
	bar   float64 // 0 … 1: drawn instead of text
	isBar bool
}

func words(texts ...string) []cell {
	cells := make([]cell, len(texts))
	for i, text := range texts {
		cells[i] = cell{text: text}
	}
	return cells
}

func headings(names ...string) []column {
	columns := make([]column, len(names))
	for i, name := range names {
		columns[i] = column{name: name}
	}
	return columns
}

// sections is the whole report but for its verdict, gates and notes.
func (r *Report) sections() (list []section) {
	switch {
	case r.Compares():
		list = r.comparisonSections()
	case len(r.Runs) > 0:
		list = r.runSections()
	}
	return slices.DeleteFunc(append(list, r.other(), r.everything()), func(s section) bool {
		return len(s.lines)+len(s.after)+len(s.table.rows) == 0
	})
}

// notes are what is to be known about the figures.
func (r *Report) notes() []string {
	notes, starred := slices.Clone(r.Warnings), false
	for _, m := range r.Metrics {
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
	return notes
}

// title names the report among others of the same pull request.
func (r *Report) title() string {
	switch {
	case r.Compares():
		return fmt.Sprintf("stickybench %s against %s", r.Runs[0].Name, r.Runs[1].Name)
	case len(r.Runs) > 0:
		return strings.TrimSpace("stickybench " + r.Runs[0].Name)
	}
	return "stickybench"
}

// value finds an unlabelled metric; absent ones count as zero.
func (r *Report) value(name string) (Metric, bool) { return r.Find(name, nil) }

func (r *Report) number(name string) float64 {
	m, _ := r.value(name)
	return m.Value
}

// other shows the metrics that this program does not know, so that nothing is dropped in silence.
func (r *Report) other() section {
	s := section{title: "Other", table: table{columns: figureColumns}}
	for _, m := range r.Metrics {
		if _, ok := Describe(m.Name); !ok {
			s.table.rows = append(s.table.rows, figureRow(m))
		}
	}
	return s
}

// everything is every metric with its interval, size and warnings.
func (r *Report) everything() section {
	s := section{title: "All figures", folded: true, table: table{columns: figureColumns}}
	for _, m := range r.Metrics {
		s.table.rows = append(s.table.rows, figureRow(m))
	}
	return s
}

var figureColumns = []column{{"metric", 0}, {"labels", 0}, {"value", 0}, {"95 % interval", 1}, {"n", 2}, {"remarks", 3}}

func figureRow(m Metric) []cell {
	interval := ""
	switch {
	case m.Lo != nil && m.Hi != nil:
		interval = Figure(*m.Lo, m.Unit) + " … " + Figure(*m.Hi, m.Unit)
	case m.Hi != nil:
		interval = "below " + Figure(*m.Hi, m.Unit)
	}
	return words(m.Name, labelText(m.Labels), Figure(m.Value, m.Unit), interval, fmt.Sprint(m.N), strings.Join(m.Warnings, "; "))
}

func labelText(labels map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, name+"="+labels[name])
	}
	return strings.Join(pairs, ", ")
}
