package analysis

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/stickybench/stickybench/internal/spelling"
	"github.com/stickybench/stickybench/results"
)

// gate is METRIC[{label="v",…}] OP LIMIT. A limit with a sign is a change against a baseline: +5% of
// its figure, +2ms, +0.1pp. A negative limit that is no change stands in parentheses: (-0.1ms).
type gate struct {
	text   string
	metric string
	labels map[string]string
	op     string
	limit  float64 // SI
	unit   unit
	change change

	metricAt, unitAt int // byte offsets, for errors
}

// change says what a limit with a sign counts in.
type change int

const (
	absolute   change = iota
	ofBaseline        // of the baseline's figure
	difference        // in the metric's own unit
)

// unit is a suffix of a limit.
type unit struct {
	name string
	of   string // the metrics' unit that it fits; "" = any but seconds
	per  float64
}

var units = []unit{{"", "", 1}, {"%", results.Ratio, 100}, {"pp", results.Ratio, 100}, {"ratio", results.Ratio, 1},
	{"s", results.Seconds, 1}, {"ms", results.Seconds, 1e3}, {"us", results.Seconds, 1e6}, {"/s", results.PerSecond, 1}}

// OnChange says whether the expression is on a change against a baseline.
func OnChange(text string) bool {
	g, err := parseGate(text)
	return err == nil && g.change != absolute
}

// scanner walks one expression; at is a byte offset.
type scanner struct {
	text string
	at   int
}

// parseGate reads an expression and checks that its limit fits what the metric counts in.
func parseGate(text string) (g gate, err error) {
	s := &scanner{text: text}
	g.text = strings.TrimSpace(text)
	g.metricAt = s.space()
	if g.metric = s.while("abcdefghijklmnopqrstuvwxyz0123456789_."); g.metric == "" {
		return g, s.fail("want a metric name such as errors.ratio")
	}
	if g.labels, err = s.labels(); err != nil {
		return g, err
	}
	start := s.space()
	switch g.op = s.while("<>=!"); g.op {
	case "<", "<=", ">", ">=", "==", "!=":
	default:
		s.at = start
		return g, s.fail("want one of < <= > >= == !=")
	}
	if err := s.limit(&g); err != nil {
		return g, err
	}
	if q, ok := results.Describe(g.metric); ok {
		err = g.fits(q.Unit)
	}
	return g, err
}

func (s *scanner) labels() (map[string]string, error) {
	if s.space(); !s.take("{") {
		return nil, nil
	}
	labels := map[string]string{}
	for {
		s.space()
		name := s.while("abcdefghijklmnopqrstuvwxyz_")
		if name == "" || !s.take(`="`) {
			return nil, s.fail(`want label="value"`)
		}
		end := strings.IndexByte(s.text[s.at:], '"')
		if end < 0 {
			return nil, s.fail(`the value has no closing "`)
		}
		labels[name] = s.text[s.at : s.at+end]
		s.at += end + 1
		if s.space(); s.take("}") {
			return labels, nil
		}
		if !s.take(",") {
			return nil, s.fail("want , or }")
		}
	}
}

// limit reads [+|-]NUMBER[UNIT] or (NUMBER[UNIT]) to the end.
func (s *scanner) limit(g *gate) error {
	start := s.space()
	enclosed := s.take("(")
	signed := !enclosed && (strings.HasPrefix(s.text[s.at:], "+") || strings.HasPrefix(s.text[s.at:], "-"))
	v, err := strconv.ParseFloat(s.while("0123456789.+-eE"), 64)
	if err != nil || math.IsInf(v, 0) {
		s.at = start
		return s.fail("want a number such as 0.1%, 250ms, or a change such as +5%")
	}
	g.unitAt = s.space()
	if g.unit, err = s.unit(); err != nil {
		return err
	}
	if s.space(); enclosed && !s.take(")") {
		return s.fail("want )")
	}
	if s.space(); s.at < len(s.text) {
		return s.fail("want the end of the expression")
	}
	g.limit = v / g.unit.per
	return s.kind(g, signed, start)
}

func (s *scanner) unit() (unit, error) {
	start := s.at
	name := s.while("%/abcdefghijklmnopqrstuvwxyz")
	for _, u := range units {
		if u.name == name {
			return u, nil
		}
	}
	s.at = start
	return unit{}, s.fail("want a unit %, pp, ms, s, us, ratio or /s, or the end")
}

// kind tells a change from an absolute limit, and refuses changes that mean nothing.
func (s *scanner) kind(g *gate, signed bool, at int) error {
	s.at = at
	switch {
	case !signed && g.unit.name == "pp":
		return s.fail("percentage points are a change: write +0.1pp, or 0.1% for a limit")
	case !signed:
		return nil
	case g.op == "==" || g.op == "!=":
		return s.fail("a change needs < or >: write < +5% or > -5%; a negative limit stands in parentheses")
	case g.unit.name != "%":
		g.change = difference
	case g.limit <= -1:
		return s.fail("nothing can change by -100% or more")
	default:
		g.change = ofBaseline
	}
	return nil
}

// fits checks the limit's unit against the metric's: 50 is no limit for a time.
func (g gate) fits(of string) error {
	s := &scanner{text: g.text, at: g.unitAt - g.metricAt}
	switch {
	case g.change == ofBaseline, g.unit.of == of, g.unit.of == "" && of != results.Seconds, g.unit.name == "" && g.limit == 0:
		return nil
	case of == results.Seconds:
		return s.fail(g.metric + " is a time: want ms, s or us")
	}
	return s.fail(fmt.Sprintf("%s is a %s, which %q does not fit", g.metric, strings.ReplaceAll(of, "_", " "), g.unit.name))
}

func (s *scanner) space() int {
	s.while(" \t")
	return s.at
}

func (s *scanner) while(set string) string {
	start := s.at
	for s.at < len(s.text) && strings.IndexByte(set, s.text[s.at]) >= 0 {
		s.at++
	}
	return s.text[start:s.at]
}

func (s *scanner) take(token string) bool {
	if !strings.HasPrefix(s.text[s.at:], token) {
		return false
	}
	s.at += len(token)
	return true
}

// fail says what was wanted where: in words, and by a caret below the expression.
func (s *scanner) fail(want string) error {
	column := utf8.RuneCountInString(s.text[:min(s.at, len(s.text))])
	return fmt.Errorf("gate, character %d: %s\n  %s\n  %s^", column+1, want, s.text, strings.Repeat(" ", column))
}

// unknown is the error for a metric that neither the report nor this program knows.
func (g gate) unknown(also []string) error {
	names := also
	for _, q := range results.Catalog() {
		names = append(names, q.Name)
	}
	want := "no such metric; docs/metrics.md lists them"
	if near := spelling.Nearest(g.metric, names); near != "" {
		want = fmt.Sprintf("no such metric; did you mean %s?", near)
	}
	return (&scanner{text: g.text}).fail(want)
}

// CheckGates reports the first expression that can never be judged, before anything is run.
func CheckGates(exprs []string) error {
	for _, text := range exprs {
		g, err := parseGate(text)
		if err != nil {
			return err
		}
		if _, ok := results.Describe(g.metric); !ok {
			return g.unknown(nil)
		}
	}
	return nil
}
