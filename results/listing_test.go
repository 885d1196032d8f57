package results

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func wideListing(columns int) Listing {
	l := Listing{Header: []string{"balancer"}, Rows: [][]string{{"haproxy:cookie"}, {"nginx:ip-hash"}}}
	for i := range columns {
		l.Header = append(l.Header, fmt.Sprintf("what %d says", i))
		for j := range l.Rows {
			l.Rows[j] = append(l.Rows[j], fmt.Sprintf("moves and comes home %d%d", j, i))
		}
	}
	return l
}

func TestListingsFitAndLoseNothing(t *testing.T) {
	for _, columns := range []int{0, 1, 4, 8, 20} {
		l := wideListing(columns)
		for _, width := range []int{60, 80, 120, 200} {
			var out strings.Builder
			if err := l.Write(&out, width); err != nil {
				t.Fatal(err)
			}
			for _, line := range strings.Split(out.String(), "\n") {
				if n := utf8.RuneCountInString(strings.TrimRight(line, " ")); n > width {
					t.Errorf("%d columns at %d: %d wide: %q", columns, width, n, line)
				}
			}
			for _, text := range append(l.Header, append(l.Rows[0], l.Rows[1]...)...) {
				for _, word := range strings.Fields(text) {
					if !strings.Contains(out.String(), word) {
						t.Errorf("%d columns at %d: %q is lost", columns, width, word)
					}
				}
			}
		}
	}
}

func TestListingsBreakOnlyWhereTheyMust(t *testing.T) {
	var out strings.Builder
	if err := wideListing(2).Write(&out, 80); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 4 { // header, rule, two rows
		t.Errorf("%d lines:\n%s", lines, out.String())
	}
}
