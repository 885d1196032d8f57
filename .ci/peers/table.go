package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is plain text with columns as wide as they need to be.
type table struct {
	title string
	rows  [][]string
}

func newTable(title string, header ...string) *table {
	return &table{title: title, rows: [][]string{header}}
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) print() {
	fmt.Printf("\n%s\n", t.title)
	widths := make([]int, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.rows {
		line := fmt.Sprintf("%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			line += "  " + strings.Repeat(" ", widths[i+1]-utf8.RuneCountInString(cell)) + cell
		}
		fmt.Println(line)
	}
}

// number writes three digits, or all before the point.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// ratio is the median and spread of one series over another, round by round.
func ratio(a, b []float64) string {
	if len(b) < len(a) {
		return "-"
	}
	var ratios []float64
	for i := range a {
		ratios = append(ratios, a[i]/b[i])
	}
	low, mid, high := spread(ratios)
	return fmt.Sprintf("%.2f (%.2f … %.2f)", mid, low, high)
}

// ranged is the median and spread of one series.
func ranged(v []float64) string {
	low, mid, high := spread(v)
	return fmt.Sprintf("%s (%s … %s)", number(mid), number(low), number(high))
}

func spread(v []float64) (low, mid, high float64) {
	if len(v) == 0 {
		return 0, 0, 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[0], s[len(s)/2], s[len(s)-1]
}
