package results

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestPageIsSelfContainedAndEscaped(t *testing.T) {
	r, c := troubledRun(t)
	text := pageText(t, r, c)
	for _, forbidden := range []string{"<script>alert", "<b>bold", "http://", "https://", "@import", "url("} {
		if strings.Contains(text, forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
	for _, wanted := range []string{"affinity.from_the_future", "&lt;script&gt;alert(1)", "prefers-color-scheme:dark", "@media print", `lang="en"`} {
		if !strings.Contains(text, wanted) {
			t.Errorf("the page lacks %s", wanted)
		}
	}
	for _, m := range r.Metrics {
		if !strings.Contains(text, "<td>"+m.Name+"</td>") {
			t.Errorf("%s is not shown", m.Name)
		}
	}
}

// What a run leaves grows; the page does not.
func TestPageStaysSmall(t *testing.T) {
	r, c := realRun(t)
	c.Total = 1_000_000
	row := c.Sessions[0]
	for i := range 120 {
		row.Spans = append(row.Spans, Span{float64(i) / 40, float64(i+1) / 40, fmt.Sprintf("b%d", i%4+1)})
		row.Steps = append(row.Steps, Step{Seq: uint32(i), At: float64(i), Instance: "b1", State: "200"})
	}
	for range 80 {
		c.Sessions = append(c.Sessions, row)
	}
	for i := range 1000 {
		r.Violations = append(r.Violations, Violation{Session: fmt.Sprintf("%d.0", i), Kind: "switch", From: "b1", To: "b2", Why: strings.Repeat("why ", 10)})
	}
	for i := range 200 {
		name := fmt.Sprintf("b%d", i)
		c.Run.Instances = append(c.Run.Instances, Instance{Name: name})
		r.Metrics = append(r.Metrics, Metric{Name: "instance.requests", Labels: map[string]string{"instance": name}, Value: 5, N: 5})
	}
	if text := pageText(t, r, c); len(text) > 3<<20 || !strings.Contains(text, "of 1000000 sessions") {
		t.Errorf("%d bytes", len(text))
	}
}

func TestPageOfDamagedFigures(t *testing.T) {
	r, c := realRun(t)
	for i := range r.Metrics {
		r.Metrics[i].Value = []float64{math.NaN(), math.Inf(1), -1e300}[i%3]
	}
	c.Length = 0
	for i := range c.Windows {
		c.Windows[i] = Window{}
	}
	for i := range c.Curves {
		c.Curves[i].Points = []CurvePoint{{Below: 1, Seconds: math.Inf(1)}, {Below: math.NaN(), Seconds: -1}}
	}
	if text := pageText(t, r, c); strings.Contains(text, "NaN") && !strings.Contains(text, "not a number") || strings.Contains(text, "ZgotmplZ") {
		t.Error("figures that are none reach the page")
	}
	if pageText(t, &Report{}, &Charts{}) == "" {
		t.Error("an empty report is no page")
	}
}

func TestAxisTicksAreRoundAndCoverTheData(t *testing.T) {
	for _, most := range []float64{0, 0.003, 1, 7, 12, 999, 1206, 1e6} {
		a := linear(most)
		ticks := a.linearTicks(plainText)
		if a.most < most || len(ticks) < 3 || len(ticks) > 8 || ticks[len(ticks)-1].Pos != 100 {
			t.Errorf("%v: %+v %v", most, a, ticks)
		}
	}
	a := decades(0.0003, 0.5)
	if ticks := a.logTicks(secondsText); len(ticks) != 5 || ticks[0].Text != "100 µs" || ticks[4].Text != "1 s" || a.at(0.0001) != 0 || a.at(1) != 100 {
		t.Errorf("%+v %v", a, ticks)
	}
}
