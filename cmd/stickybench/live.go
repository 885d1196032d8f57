package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/stickybench/stickybench/loadgen"
)

// shownInstances keeps the page on a screen.
const shownInstances = 12

// page is the run as lines of at most width columns.
func (v *view) page(now loadgen.Progress, width int) (lines []string) {
	add := func(format string, args ...any) {
		runes := []rune(fmt.Sprintf(format, args...))
		lines = append(lines, string(runes[:min(len(runes), width)]))
	}
	if v.place != nil {
		add("%s", v.place(now))
	}
	clock := fmt.Sprintf("%3.0fs of %.0fs, %v left ", now.Elapsed.Seconds(), v.total.Seconds(), max(0, v.total-now.Elapsed).Round(time.Second))
	add("%s%s", clock, bar(now.Elapsed.Seconds()/v.total.Seconds(), max(10, min(40, width-len(clock)))))
	add("load      %.0f req/s, %d users, %d in flight, %d requests", now.Rate, now.Users, now.InFlight, now.Requests)
	add("response  p50 %s, p99 %s", milliseconds(now.P50), milliseconds(now.P99))
	add("affinity  %d answers from another instance than the one before, in %d sessions", now.Switched, now.Sessions)
	add("errors    %d, dropped %d", now.Errors, now.Dropped)
	lines = append(lines, v.instances(now, width)...)
	for _, event := range v.events {
		add("%s", event)
	}
	return lines
}

// instances is a bar for each, scaled to the busiest.
func (v *view) instances(now loadgen.Progress, width int) (lines []string) {
	sum, most, name := uint64(0), uint64(1), 0
	for _, i := range now.Instances {
		sum, most, name = sum+i.Requests, max(most, i.Requests), max(name, len(i.Name))
	}
	name = min(name, 20)
	for n, i := range now.Instances {
		if n == shownInstances {
			return append(lines, fmt.Sprintf("… and %d more instances", len(now.Instances)-n))
		}
		share := fmt.Sprintf("%-*.*s %5.1f%% ", name, name, i.Name, 100*float64(i.Requests)/float64(max(1, sum)))
		lines = append(lines, share+v.tint(n, bar(float64(i.Requests)/float64(most), max(10, min(40, width-len(share))))))
	}
	return lines
}

// tint colours the n-th instance.
func (v *view) tint(n int, text string) string {
	if !v.color {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", 31+n%6, text)
}

// bar fills share of width columns.
func bar(share float64, width int) string {
	full := int(min(1, max(0, share))*float64(width) + 0.5)
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
