package results

import (
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"
)

// Trend is one metric over many results, the oldest first.
type Trend struct {
	Metric, Unit string
	Points       []TrendPoint
}

// TrendPoint is the metric in one result. Change is set where the series begins to lie elsewhere.
type TrendPoint struct {
	At     time.Time
	Name   string // of the directory, with its tags
	Value  float64
	Lo, Hi *float64
	Change *TrendChange
}

// TrendChange is a shift of the mean, and how likely chance is.
type TrendChange struct{ Before, After, P float64 }

func (c TrendChange) text(unit string) string {
	return fmt.Sprintf("from %s to %s, p = %.2g", Figure(c.Before, unit), Figure(c.After, unit), c.P)
}

// table lists the points, and says at which one the series changed.
func (t *Trend) table() table {
	rows := table{columns: []column{{"when", 1}, {"result", 0}, {"value", 0}, {"change", 0}}}
	for _, p := range t.Points {
		value, change := Figure(p.Value, t.Unit), ""
		if p.Lo != nil && p.Hi != nil {
			value += " (" + Figure(*p.Lo, t.Unit) + " … " + Figure(*p.Hi, t.Unit) + ")"
		}
		if p.Change != nil {
			change = p.Change.text(t.Unit)
		}
		row := words(p.At.Format("2006-01-02 15:04"), p.Name, value, change)
		row[2].brief = Figure(p.Value, t.Unit)
		rows.rows = append(rows.rows, row)
	}
	return rows
}

// Text writes the trend as a table.
func (t *Trend) Text(w io.Writer, width int, color bool) error {
	p := newPage(&Report{}, width, color)
	p.wrap(t.Metric, "")
	p.table(t.table())
	return p.flush(w)
}

// trendView is the trend's page as its template reads it.
type trendView struct {
	Title  string
	Chart  chartView
	Events []string
	Table  sectionView
	Data   pageData
}

// trendPage shares style, script and charts with the report's page.
const trendPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>{{.Title}}</title><style>{{style}}</style></head><body>
<header><p class="name">stickybench</p><h1>{{.Title}}</h1></header><main><section><h2>Trend</h2>{{template "chart" .Chart}}{{template "events" .}}</section>
<section><h2>Results</h2>{{template "section" .Table}}</section></main>
<dialog id="exchanges"></dialog><script type="application/json" id="data">{{.Data}}</script><script>{{script}}</script></body></html>`

// HTML writes the trend as a page of its own.
func (t *Trend) HTML(w io.Writer) error {
	page, err := pageTemplate()
	if err == nil {
		page, err = page.New("trend").Parse(trendPage)
	}
	if err != nil {
		return fmt.Errorf("the trend's template: %w", err)
	}
	if err := page.ExecuteTemplate(w, "trend", t.view()); err != nil {
		return fmt.Errorf("writing the trend: %w", err)
	}
	return nil
}

func (t *Trend) view() trendView {
	v := trendView{Title: t.Metric + " over time", Table: viewOf(section{title: "Results", table: t.table()})}
	most, read := 0.0, readout{Values: [][]string{nil}}
	for _, p := range t.Points {
		most = max(most, p.Value)
	}
	x, y := axis{most: float64(max(1, len(t.Points)-1))}, linear(most)
	var xs, ys []float64
	for i, p := range t.Points {
		xs, ys = append(xs, x.at(float64(i))), append(ys, y.at(p.Value))
		read.X, read.Labels = xs, append(read.Labels, p.Name)
		read.Values[0] = append(read.Values[0], Figure(p.Value, t.Unit))
		if p.Change != nil {
			v.Events = append(v.Events, fmt.Sprintf("%d: %s changed %s", len(v.Events)+1, p.Name, p.Change.text(t.Unit)))
			v.Chart.Marks = append(v.Chart.Marks, tick{x.at(float64(i) - 0.5), fmt.Sprint(len(v.Events))})
		}
	}
	v.Chart.ID, v.Chart.Title, v.Chart.Height, v.Chart.Y = "trend", t.Metric, 260, y.linearTicks(func(v float64) string { return Figure(v, t.Unit) })
	v.Chart.Summary = fmt.Sprintf("%d results, the oldest at the left; %d changes", len(t.Points), len(v.Events))
	v.Chart.Series = []seriesView{{Name: t.Metric, Line: linePath(xs, ys)}}
	v.Data = pageData{Charts: map[string]readout{"trend": read}, Sessions: []sessionData{}}
	return v
}

// Sort puts the oldest first.
func (t *Trend) Sort() {
	slices.SortStableFunc(t.Points, func(a, b TrendPoint) int { return a.At.Compare(b.At) })
}

// pageTemplate parses what every page shares.
func pageTemplate() (*template.Template, error) {
	return template.New("page").Funcs(template.FuncMap{
		"style":  func() template.CSS { return styleCSS },
		"script": func() template.JS { return scriptJS },
	}).Parse(pageHTML)
}
