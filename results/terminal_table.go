package results

import (
	"strings"
	"unicode/utf8"
)

// table renders rows under a header into the page: as they are, or with brief cells, or without the
// columns that say least, whatever fits first.
func (p *page) table(t table) {
	header, rows := fit(t, p.width)
	if err := (Listing{header, rows}).Write(&p.text, p.width); err != nil {
		p.err = err
	}
}

func fit(t table, width int) (header []string, rows [][]string) {
	for brief := range 2 {
		if w := widthOf(t, brief == 1); w <= width {
			return texts(t, brief == 1, width-w)
		}
	}
	rank := 0
	for _, c := range t.columns {
		rank = max(rank, c.rank)
	}
	if rank == 0 { // nothing may go: the listing goes on below
		return texts(t, true, 0)
	}
	return fit(t.below(rank), width)
}

// below is the table without the columns of that rank.
func (t table) below(rank int) table {
	narrow := table{rows: make([][]cell, len(t.rows))}
	for i, c := range t.columns {
		if c.rank >= rank {
			continue
		}
		narrow.columns = append(narrow.columns, c)
		for j, row := range t.rows {
			narrow.rows[j] = append(narrow.rows[j], row[i])
		}
	}
	return narrow
}

// widthOf is how many columns the table takes, with bars of no length: each cell has a space at both
// sides and one line to the next.
func widthOf(t table, brief bool) int {
	total := -1
	for i, c := range t.columns {
		widest := utf8.RuneCountInString(c.name)
		for _, row := range t.rows {
			widest = max(widest, utf8.RuneCountInString(row[i].in(brief)))
		}
		total += widest + 3
	}
	return total
}

func texts(t table, brief bool, spare int) (header []string, rows [][]string) {
	for _, c := range t.columns {
		header = append(header, clean(c.name))
	}
	for _, row := range t.rows {
		var line []string
		for _, c := range row {
			if c.isBar {
				line = append(line, bar(c.bar, spare))
			} else {
				line = append(line, c.in(brief))
			}
		}
		rows = append(rows, line)
	}
	return header, rows
}

func (c cell) in(brief bool) string {
	if brief && c.brief != "" {
		return clean(c.brief)
	}
	return clean(c.text)
}

// bar draws share of width; NaN and what lies outside 0 … 1 are clamped, because a damaged report must not panic.
func bar(share float64, width int) string {
	if !(share > 0) {
		return ""
	}
	return strings.Repeat("█", int(min(share, 1)*float64(width)+0.5))
}
