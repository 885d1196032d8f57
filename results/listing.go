package results

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/tw"
)

// Listing is a table of texts that fits a width: cells break between words, and columns that find no room
// even so go on in a further table that repeats the first.
type Listing struct {
	Header []string
	Rows   [][]string
}

// Write writes the listing, width in columns.
func (l Listing) Write(w io.Writer, width int) error {
	var out strings.Builder
	for i, part := range l.parts(width) {
		if i > 0 {
			out.WriteString("\n")
		}
		if err := render(&out, part.wrapped(width)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// render draws in the look of all tables for terminals.
func render(out *strings.Builder, l Listing) error {
	var drawn strings.Builder
	table := tablewriter.NewTable(&drawn,
		tablewriter.WithRendition(tw.Rendition{Borders: tw.BorderNone}),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft))
	table.Header(l.Header)
	for _, row := range l.Rows {
		if err := table.Append(row); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(drawn.String()) {
		out.WriteString(strings.TrimRight(line, " \n") + "\n") // the last column is filled up
	}
	return nil
}

// parts is the whole listing where it fits at its narrowest, and otherwise listings of as many columns as fit
// unbroken, the first column in each.
func (l Listing) parts(width int) (all []Listing) {
	if l.total(l.narrowest) <= width {
		return []Listing{l}
	}
	first := min(l.natural(0), width/2)
	taken, room := []int{0}, width-first
	for i := 1; i < len(l.Header); i++ {
		if room < l.natural(i) && len(taken) > 1 {
			all = append(all, l.of(taken))
			taken, room = []int{0}, width-first
		}
		taken = append(taken, i)
		room -= l.natural(i)
	}
	return append(all, l.of(taken))
}

func (l Listing) of(columns []int) (part Listing) {
	pick := func(row []string) (cells []string) {
		for _, i := range columns {
			cells = append(cells, row[i])
		}
		return cells
	}
	part.Header = pick(l.Header)
	for _, row := range l.Rows {
		part.Rows = append(part.Rows, pick(row))
	}
	return part
}

// frame is what a column takes beside its text: a space at both sides and a line to the next.
const frame = 3

// total is the width of all columns; the last has no line behind it.
func (l Listing) total(of func(int) int) int {
	total := -1
	for i := range l.Header {
		total += of(i)
	}
	return total
}

// natural is the width of column i unbroken.
func (l Listing) natural(i int) int {
	return l.widest(i, func(s string) []string { return []string{s} }) + frame
}

// narrowest is the width of column i with a break at every space.
func (l Listing) narrowest(i int) int { return l.widest(i, strings.Fields) + frame }

// widest is the longest of the pieces that column i is cut into.
func (l Listing) widest(i int, cut func(string) []string) (most int) {
	for _, row := range append([][]string{l.Header}, l.Rows...) {
		for _, piece := range cut(clean(row[i])) {
			most = max(most, utf8.RuneCountInString(piece))
		}
	}
	return most
}

// wrapped breaks cells until the columns fit: the widest gives way first.
func (l Listing) wrapped(width int) Listing {
	widths := make([]int, len(l.Header))
	for i := range widths {
		widths[i] = l.natural(i)
	}
	for total := l.total(l.natural); total > width; total-- {
		i := l.widestThatGives(widths)
		if i < 0 {
			break
		}
		widths[i]--
	}
	broken := Listing{Header: breakCells(l.Header, widths)}
	for _, row := range l.Rows {
		broken.Rows = append(broken.Rows, breakCells(row, widths))
	}
	return broken
}

// widestThatGives is the widest column that is not at its narrowest; -1 for none.
func (l Listing) widestThatGives(widths []int) int {
	var can []int
	for i := range widths {
		if widths[i] > l.narrowest(i) {
			can = append(can, i)
		}
	}
	if len(can) == 0 {
		return -1
	}
	return slices.MaxFunc(can, func(a, b int) int { return cmp.Compare(widths[a], widths[b]) })
}

func breakCells(row []string, widths []int) (cells []string) {
	for i, text := range row {
		cells = append(cells, strings.Join(breakWords(clean(text), widths[i]-frame, ""), "\n"))
	}
	return cells
}

// folded breaks each line of text between words.
func folded(text string, width int) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(strings.Join(breakWords(strings.TrimSuffix(line, "\n"), width, "  "), "\n") + "\n")
	}
	return out.String()
}

// breakWords breaks text between words into lines of that width; all but the first begin with indent.
func breakWords(text string, width int, indent string) (lines []string) {
	line := ""
	for i, word := range strings.Split(text, " ") {
		switch {
		case i == 0:
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, strings.TrimRight(line, " "))
			line = indent + word
		}
	}
	return append(lines, strings.TrimRight(line, " "))
}
