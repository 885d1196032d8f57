package results

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// views are what the page must be readable in.
var views = []struct {
	width, height int
	scheme        string
}{{1280, 2300, "light"}, {1280, 2300, "dark"}, {390, 2300, "light"}, {390, 2300, "dark"}}

// TestPageInChromium draws the page of a real run, and one with every outcome in it, in a real browser. With
// -update it leaves the screenshots of docs/images.
func TestPageInChromium(t *testing.T) {
	browser := startBrowser(t)
	pages := map[string]string{}
	for name, of := range map[string]func(*testing.T) (*Report, *Charts){"run": realRun, "troubled": troubledRun, "comparison": comparedRun} {
		r, c := of(t)
		pages[name] = pageText(t, r, c)
	}
	pages["trend"] = trendText(t)
	for name, text := range pages {
		path := filepath.Join(t.TempDir(), name+".html")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			t.Run(fmt.Sprintf("%s-%d-%s", name, v.width, v.scheme), func(t *testing.T) {
				p := browser.open(t, "file://"+path, v.width, v.height, v.scheme)
				p.layout(t)
				p.screenshot(t, fmt.Sprintf("%s-%d-%s.png", name, v.width, v.scheme))
				if name == "run" || name == "troubled" {
					p.interact(t)
				}
				if name != "trend" {
					p.toggle(t)
				}
				p.quiet(t)
			})
		}
	}
}

// layout: nothing is wider than the window, no two labels of a chart overlap, nothing is cut at the
// window's edge, and all text has a contrast of 4.5 or more (WCAG 2.2, 1.4.3).
func (p *tab) layout(t *testing.T) {
	t.Helper()
	var problems []string
	p.eval(t, layoutScript, &problems)
	for _, problem := range problems {
		t.Error(problem)
	}
}

const layoutScript = `(() => {
const found = [], name = e => e.className + ' ' + e.textContent.trim().slice(0, 40);
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) found.push('the page is ' + document.documentElement.scrollWidth + ' wide in a window of ' + width);
for (const plot of document.querySelectorAll('.plot, .rail')) {
  const labels = [...plot.querySelectorAll(':scope > .x, :scope > .y, .mark > span')];
  const boxes = labels.map(l => l.getBoundingClientRect());
  boxes.forEach((a, i) => {
    if (a.left < 0 || a.right > width) found.push('cut: ' + name(labels[i]) + ' ' + a.left + ' ' + a.right);
    boxes.slice(i + 1).forEach((b, j) => {
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) found.push('overlap: ' + name(labels[i]) + ' and ' + name(labels[i + 1 + j]));
    });
  });
}
const color = text => text.match(/[\d.]+/g).map(Number);
const light = c => c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
const under = e => { for (; e; e = e.parentElement) { const c = color(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let n; (n = texts.nextNode());) {
  const e = n.parentElement;
  if (!n.textContent.trim() || ['SCRIPT', 'STYLE'].includes(e.tagName) || !e.checkVisibility() || e.matches('.skip')) continue;
  const a = light(color(getComputedStyle(e).color)), b = light(under(e)), contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) found.push('contrast ' + contrast.toFixed(2) + ': ' + name(e));
  const r = document.createRange(); r.selectNodeContents(n);
  const box = r.getBoundingClientRect();
  if (!e.closest('.scroll') && (box.left < -0.5 || box.right > width + 0.5)) found.push('cut: ' + name(e));
}
for (const e of document.querySelectorAll('.scroll')) if (e.querySelector('.bars') && e.scrollWidth > e.clientWidth) found.push('bars are cut: ' + e.scrollWidth + ' in ' + e.clientWidth);
for (const e of document.querySelectorAll('button, [role=img], [role=region]'))
  if (!(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim())) found.push('no name: ' + e.outerHTML.slice(0, 80));
return found;
})()`

func (p *tab) screenshot(t *testing.T, name string) {
	t.Helper()
	png := p.picture(t)
	if len(png) < 20_000 {
		t.Errorf("a picture of %d bytes shows nothing", len(png))
	}
	if dir := os.Getenv("STICKYBENCH_SCREENSHOTS"); dir != "" {
		writeImage(t, filepath.Join(dir, name), png)
	}
	if *update && strings.HasPrefix(name, "run-") {
		writeImage(t, filepath.Join("../docs/images", "report-"+strings.TrimPrefix(name, "run-")), png)
	}
}

func writeImage(t *testing.T, path string, png []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// interact: a click on a session or violation lists its exchanges, Escape closes the list, arrows move
// between sessions.
func (p *tab) interact(t *testing.T) {
	t.Helper()
	var rows int
	var open bool
	var focused string
	p.eval(t, `document.querySelector('.session').focus()`, nil)
	p.press(t, "ArrowDown", 40)
	p.press(t, "ArrowDown", 40)
	if p.eval(t, `document.activeElement.dataset.session`, &focused); focused != "2" {
		t.Errorf("two arrows down lead to session %q", focused)
	}
	p.press(t, "Enter", 13)
	if p.eval(t, `document.querySelectorAll('#exchanges[open] tbody tr').length`, &rows); rows == 0 {
		t.Error("Enter on a session lists no exchange")
	}
	p.press(t, "Escape", 27)
	if p.eval(t, `document.getElementById('exchanges').open`, &open); open {
		t.Error("Escape does not close the list")
	}
	p.click(t, "[aria-labelledby=violations] summary") // all of this run's are excused, and folded
	p.click(t, ".violations button")
	var text string
	if p.eval(t, `document.getElementById('exchanges').innerText`, &text); !strings.Contains(text, "→") || !strings.Contains(text, "GET") {
		t.Errorf("a violation shows %q", text)
	}
	p.click(t, "#exchanges button")
	if p.eval(t, `document.getElementById('exchanges').open`, &open); open {
		t.Error("Close does not close the list")
	}
}

// toggle: a series can be hidden, and the keyboard reads values off a chart.
func (p *tab) toggle(t *testing.T) {
	t.Helper()
	var hidden bool
	var text string
	p.click(t, "[data-toggle]")
	p.eval(t, `document.querySelector('.plot[data-chart]').focus()`, nil)
	p.press(t, "ArrowRight", 39)
	if p.eval(t, `document.querySelector('[data-series="0"]').hasAttribute('hidden')`, &hidden); !hidden {
		t.Error("the first series does not hide")
	}
	if p.eval(t, `document.querySelector('.readout').textContent`, &text); !strings.Contains(text, "ms") {
		t.Errorf("the chart reads %q", text)
	}
}

func pageText(t *testing.T, r *Report, c *Charts) string {
	t.Helper()
	var text strings.Builder
	if err := HTML(&text, r, c); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// realRun is examples/failover.yaml on HAProxy, as a real run left it.
func realRun(t *testing.T) (*Report, *Charts) {
	t.Helper()
	var r Report
	var c Charts
	for name, into := range map[string]any{"charts": &c, "report": &r} {
		text, err := os.ReadFile("testdata/page/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	return &r, &c
}

// troubledRun has long names, many instances, every verdict of a gate and text that wants to be markup.
func troubledRun(t *testing.T) (*Report, *Charts) {
	r, c := realRun(t)
	r.Verdict, r.Checks = Fail, troubled(t).Checks
	r.Reasons = append(r.Reasons, "<script>alert(1)</script>", strings.Repeat("averylongword", 12))
	r.Metrics = append(r.Metrics, Metric{Name: "affinity.from_the_future", Unit: Count, Value: 42, N: 7})
	for i := range 24 {
		name := fmt.Sprintf("instance-with-a-long-name-%d", i)
		c.Run.Instances = append(c.Run.Instances, Instance{Name: name})
		c.Sessions[i].Spans = append(c.Sessions[i].Spans, Span{From: 1, To: 2, Instance: name})
		r.Timeline = append(r.Timeline, Event{At: 14 + float64(i)/5, What: name + " up → down"})
	}
	for i := range r.Violations {
		r.Violations[i].Excused = i%2 == 0
		r.Violations[i].To = "<b>bold</b>"
	}
	return r, c
}

func comparedRun(*testing.T) (*Report, *Charts) {
	r, c := &Report{Verdict: Pass, Reasons: []string{"sticky+memory answers faster"}}, &Charts{}
	lo, hi := 0.0003, 0.0009
	for i, arm := range []string{"sticky+memory", "spread+store"} {
		r.Runs = append(r.Runs, ReportRun{Name: arm, LB: "builtin", Backends: 4, Duration: 60})
		for _, row := range armRows {
			r.Metrics = append(r.Metrics, Metric{Run: i, Name: row.metric, Labels: map[string]string{"arm": arm}, Unit: Ratio, Value: 0.0021, Lo: &lo, Hi: &hi, N: 8})
		}
		curve := Curve{Name: arm, Group: "arm"}
		for k := range 40 {
			curve.Points = append(curve.Points, CurvePoint{Below: 1 - math.Pow(10, -float64(k)/10), Seconds: 0.001 * float64(i+1) * float64(k+1)})
		}
		c.Curves = append(c.Curves, curve)
	}
	for _, point := range []string{"mean", "p50", "p90", "p99"} {
		r.Metrics = append(r.Metrics, Metric{Name: "saving." + point, Unit: Seconds, Value: 0.0006, Lo: &lo, Hi: &hi, N: 8}, Metric{Name: "saving." + point + "_ratio", Unit: Ratio, Value: 0.2, Lo: &lo, Hi: &hi, N: 8})
	}
	return r, c
}

// trendText is the page of forty results with a change.
func trendText(t *testing.T) string {
	t.Helper()
	trend := &Trend{Metric: "latency.response.p99", Unit: Seconds}
	for i := range 40 {
		p := TrendPoint{At: time.Unix(int64(i)*86400, 0).UTC(), Name: fmt.Sprintf("2026%04d-nightly-haproxy-cookie", i), Value: 0.005 + 0.001*float64(i%3)}
		if i == 25 {
			p.Change = &TrendChange{Before: 0.005, After: 0.009, P: 0.002}
		}
		if i >= 25 {
			p.Value += 0.004
		}
		trend.Points = append(trend.Points, p)
	}
	var page strings.Builder
	if err := trend.HTML(&page); err != nil {
		t.Fatal(err)
	}
	return page.String()
}
