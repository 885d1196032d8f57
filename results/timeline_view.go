package results

import (
	"fmt"
	"slices"
	"strings"
)

// timelineView is sessions × time, coloured by instance.
type timelineView struct {
	Height    int // CSS pixels
	X         []tick
	Shades    []shade
	Marks     []tick
	Rows      []rowView
	Instances []seriesView // the legend
	Sampled   string
}

// rowView is one session: its bars, its violations and what is said of it.
type rowView struct {
	Top, Height float64 // per cent
	Label       string
	Bars        []spanView
	Violations  []tick // Text is "excused" or "broken"
}

type spanView struct {
	X, Width float64
	Color    int
}

// sessionData is a session's list of exchanges, as the script shows it.
type sessionData struct {
	ID    string      `json:"id"`
	Title string      `json:"title"`
	Steps [][5]string `json:"steps"`
	Notes []string    `json:"notes"`
}

// rowPixels is the height of a session in the timeline.
const rowPixels = 12

func (v *htmlView) timeline(r *Report, c *Charts) {
	if len(c.Sessions) == 0 {
		return
	}
	names := instanceNames(c)
	t := &timelineView{Height: rowPixels * len(c.Sessions), X: timeTicks(c.Length), Shades: shades(c), Marks: marks(r, c.Length),
		Sampled: fmt.Sprintf("%d of %d sessions: those with violations first, then a random sample. Choose a session for its exchanges.", len(c.Sessions), c.Total)}
	if c.Total == len(c.Sessions) {
		t.Sampled = fmt.Sprintf("All %d sessions. Choose one for its exchanges.", c.Total)
	}
	for i, name := range names {
		t.Instances = append(t.Instances, seriesView{Name: name, Color: i % colors})
	}
	for i, s := range c.Sessions {
		t.Rows = append(t.Rows, rowOf(s, names, c.Length, i, len(c.Sessions)))
		v.Data.Sessions = append(v.Data.Sessions, exchangesOf(s))
	}
	v.Timeline = t
}

// instanceNames are those of the run in its order, then those that only answers name.
func instanceNames(c *Charts) (names []string) {
	for _, i := range c.Run.Instances {
		names = append(names, i.Name)
	}
	for _, s := range c.Sessions {
		for _, span := range s.Spans {
			if span.Instance != "" && !slices.Contains(names, span.Instance) {
				names = append(names, span.Instance)
			}
		}
	}
	return names
}

// thinnest keeps a short session visible, in per cent of the width.
const thinnest = 0.35

func rowOf(s SessionRow, names []string, length float64, i, n int) rowView {
	x := axis{most: length}
	row := rowView{Top: rounded(100 * float64(i) / float64(n)), Height: rounded(100 / float64(n))}
	var homes []string
	for _, span := range s.Spans {
		color := slices.Index(names, span.Instance)
		if color >= 0 {
			color %= colors
		}
		from := x.at(span.From)
		row.Bars = append(row.Bars, spanView{from, rounded(max(thinnest, x.at(span.To)-from)), color})
		if span.Instance != "" && !slices.Contains(homes, span.Instance) {
			homes = append(homes, span.Instance)
		}
	}
	for _, v := range s.Violations {
		kind := "broken"
		if v.Excused {
			kind = "excused"
		}
		row.Violations = append(row.Violations, tick{x.at(v.At), kind})
	}
	row.Label = fmt.Sprintf("session %s, %s: %d requests on %s, %d violations", s.ID, s.Profile, s.Requests, strings.Join(homes, ", "), len(s.Violations))
	return row
}

func exchangesOf(s SessionRow) sessionData {
	d := sessionData{ID: s.ID, Title: fmt.Sprintf("Session %s, %s, %d requests", s.ID, s.Profile, s.Requests), Steps: [][5]string{}, Notes: []string{}}
	for _, step := range s.Steps {
		kind := "GET"
		if step.Write {
			kind = "POST"
		}
		d.Steps = append(d.Steps, [5]string{fmt.Sprint(step.Seq), fmt.Sprintf("%.3f s", step.At), kind, step.Instance, step.State + " in " + Figure(step.Took, Seconds)})
	}
	for _, v := range s.Violations {
		word := "broken"
		if v.Excused {
			word = "excused"
		}
		d.Notes = append(d.Notes, fmt.Sprintf("%.3f s %s, %s → %s, %s: %s", v.At, v.Kind, v.From, v.To, word, v.Why))
	}
	if len(s.Steps) < s.Requests {
		d.Notes = append(d.Notes, fmt.Sprintf("%d of %d exchanges: the first, and those around violations", len(s.Steps), s.Requests))
	}
	return d
}
