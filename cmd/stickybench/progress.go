package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
	"golang.org/x/time/rate"

	"github.com/stickybench/stickybench/loadgen"
	"github.com/stickybench/stickybench/results"
)

// view shows a run as it goes: a page redrawn on a terminal, a plain line every five seconds in a pipe.
type view struct {
	w        io.Writer
	total    time.Duration
	terminal bool
	color    bool
	sparse   rate.Sometimes
	place    func(loadgen.Progress) string // where in a comparison; nil for a single run

	mu     sync.Mutex // guards what follows
	drawn  int        // lines on the screen
	events []string   // what happened to the pool, the latest last
	ended  bool
}

func newView(w io.Writer, total time.Duration) *view {
	f, ok := w.(*os.File)
	return &view{
		w: w, total: total, color: colored(w),
		terminal: ok && term.IsTerminal(int(f.Fd())),
		sparse:   rate.Sometimes{Interval: 5 * time.Second},
	}
}

// shownEvents keeps the page on a screen.
const shownEvents = 4

// change notes what happened to the pool.
func (v *view) change(c results.Change) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.events = append(v.events, fmt.Sprintf("%s  %s: %s, was %s (%s)", c.Time.Wall().Format("15:04:05.0"), c.Instance, c.To, c.From, c.Why))
	v.events = v.events[max(0, len(v.events)-shownEvents):]
}

func (v *view) draw(now loadgen.Progress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.terminal {
		v.sparse.Do(func() { fmt.Fprintln(v.w, v.line(now)) })
		return
	}
	if v.ended {
		return
	}
	width := max(40, terminalWidth(v.w)-1)
	var page strings.Builder
	v.wipe(&page)
	lines := v.page(now, width)
	for _, line := range lines {
		page.WriteString(line + "\n")
	}
	v.drawn = len(lines)
	_, _ = io.WriteString(v.w, page.String()) // a terminal that is gone shows nothing
}

// end takes the page off the screen, for what is printed next.
func (v *view) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ended = true
	var page strings.Builder
	v.wipe(&page)
	_, _ = io.WriteString(v.w, page.String())
}

// wipe goes back to the page's first line and clears from there on.
func (v *view) wipe(page *strings.Builder) {
	if v.drawn > 0 {
		fmt.Fprintf(page, "\x1b[%dA\x1b[J", v.drawn)
		v.drawn = 0
	}
}

// line is the run in one line.
func (v *view) line(now loadgen.Progress) string {
	text := fmt.Sprintf("%2.0fs/%.0fs  %d users  %.0f req/s  p50 %s p99 %s  %d moves in %d sessions  errors %d",
		now.Elapsed.Seconds(), v.total.Seconds(), now.Users, now.Rate, milliseconds(now.P50), milliseconds(now.P99),
		now.Switched, now.Sessions, now.Errors)
	if v.place != nil {
		return v.place(now) + "  " + text
	}
	return text
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
}
