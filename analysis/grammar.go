package analysis

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// gate is METRIC[{label="v",…}] OP VALUE[%|ms|s|us].
type gate struct {
	text   string
	metric string
	labels map[string]string
	op     string
	limit  float64
}

// scanner walks one expression; at is a byte offset.
type scanner struct {
	text string
	at   int
}

func parseGate(text string) (g gate, err error) {
	s := &scanner{text: text}
	g.text = text
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
	g.limit, err = s.value()
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

func (s *scanner) value() (float64, error) {
	start := s.space()
	v, err := strconv.ParseFloat(s.while("0123456789.+-eE"), 64)
	if err != nil || math.IsInf(v, 0) {
		s.at = start
		return 0, s.fail("want a number such as 0.1% or 250ms")
	}
	at := s.space()
	units := map[string]float64{"": 1, "%": 100, "s": 1, "ms": 1e3, "us": 1e6}
	per, ok := units[strings.TrimSpace(s.text[at:])]
	if !ok {
		return 0, s.fail("want a unit %, ms, s or us, or the end")
	}
	return v / per, nil
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

func (s *scanner) fail(want string) error {
	return fmt.Errorf("gate %q, character %d: %s", s.text, s.at+1, want)
}
