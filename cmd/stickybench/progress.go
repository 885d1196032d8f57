package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
	"golang.org/x/time/rate"

	"github.com/stickybench/stickybench/loadgen"
)

// progressLine shows a run as it goes: one line redrawn on a terminal, a plain line every five
// seconds in a pipe.
type progressLine struct {
	w        io.Writer
	total    time.Duration
	terminal bool
	sparse   rate.Sometimes
	place    func(loadgen.Progress) string // where in a comparison; nil for a single run
}

func newProgressLine(w io.Writer, total time.Duration) *progressLine {
	f, ok := w.(*os.File)
	return &progressLine{
		w: w, total: total,
		terminal: ok && term.IsTerminal(int(f.Fd())),
		sparse:   rate.Sometimes{Interval: 5 * time.Second},
	}
}

func (p *progressLine) draw(now loadgen.Progress) {
	text := progressText(now, p.total)
	if p.place != nil {
		text = p.place(now) + "  " + text
	}
	if !p.terminal {
		p.sparse.Do(func() { fmt.Fprintln(p.w, text) })
		return
	}
	width := terminalWidth(p.w)
	fmt.Fprintf(p.w, "\r\x1b[K%s", text[:min(len(text), width-1)])
	if now.Elapsed >= p.total {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

func progressText(now loadgen.Progress, total time.Duration) string {
	return fmt.Sprintf("%2.0fs/%.0fs  %d users  %.0f req/s  p50 %s p99 %s  moved %d of %d sessions  errors %d",
		now.Elapsed.Seconds(), total.Seconds(), now.Users, now.Rate, milliseconds(now.P50), milliseconds(now.P99),
		now.Switched, now.Sessions, now.Errors)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3gms", float64(d)/float64(time.Millisecond))
}
