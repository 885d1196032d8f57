package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/results"
)

// The stall: a second in the middle of ten. Of 10,000 requests, 1,000 wait 0 to 1 s, so 1 % of all wait
// for 0.9 s or longer.
const (
	stallRate    = 1000
	stallSeconds = 10
	stallBegin   = 4 * time.Second
	stallLength  = time.Second
	stallTruth   = 0.9
)

// stall freezes the server once and prints the p99 that each tool reports.
func (l *lab) stall() {
	t := newTable(fmt.Sprintf("Stall, server frozen for 1 s of %d at %d requests/s: truth p99 %.0f ms", stallSeconds, stallRate, 1e3*stallTruth),
		"", "reported p99, ms", "over truth", "arrived")
	for _, name := range l.here("stickybench", "vegeta", "k6", "fortio", "bombardier", "hey") {
		server, out := l.recorder(), l.fresh()
		done := l.run(name, stallSeconds, server.freeze, l.openLoop(name, server.url, out, stallRate, stallSeconds)...)
		arrived := len(server.take())
		server.stop()
		p99 := l.reported(name, out, done.text)
		t.row(name, number(1e3*p99), fmt.Sprintf("%.3f", p99/stallTruth), fmt.Sprintf("%.1f %%", 100*float64(arrived)/(stallRate*stallSeconds)))
	}
	t.print()
}

func (a *arrivals) freeze(int) {
	time.Sleep(stallBegin)
	_ = a.cmd.Process.Signal(syscall.SIGSTOP)
	time.Sleep(stallLength)
	_ = a.cmd.Process.Signal(syscall.SIGCONT)
}

var heyP99 = regexp.MustCompile(`99%+ in ([0-9.]+) secs`)

// reported finds the p99 that a tool reports, in seconds.
func (l *lab) reported(name, out string, text []byte) float64 {
	switch name {
	case "stickybench":
		report, err := results.DecodeReport(text)
		check(err)
		m, _ := report.Find("latency.response.p99", nil)
		return m.Value
	case "vegeta":
		return vegetaReport(l.paths[name], out).Latencies.P99 / 1e9
	case "k6":
		return jsonNumber(fileText(out), "metrics", "http_req_duration", "p(99)") / 1e3
	case "fortio":
		return jsonNumber(fileText(out), "DurationHistogram", "Percentiles", "0", "Value")
	case "bombardier":
		return jsonNumber(text, "result", "latency", "percentiles", "99") / 1e6
	}
	found := heyP99.FindSubmatch(text)
	if found == nil {
		return 0
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	check(err)
	return v
}

func fileText(path string) []byte {
	text, err := os.ReadFile(path)
	check(err)
	return text
}

// jsonNumber follows keys, or indexes into lists, to a number; 0 where there is none.
func jsonNumber(text []byte, keys ...string) float64 {
	var at any
	check(json.Unmarshal(text, &at))
	for _, key := range keys {
		switch v := at.(type) {
		case map[string]any:
			at = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			check(err)
			at = v[i]
		}
	}
	v, _ := at.(float64)
	return v
}
