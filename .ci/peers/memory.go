package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const memorySeconds = 8

// thinking is the command line of so many users that send one request about every second (k6), or every
// twenty (ours, which has a hundred times as many).
func (l *lab) thinking(name, url string, users int) []string {
	d := strconv.Itoa(memorySeconds) + "s"
	if name == "k6" {
		return []string{"run", "-q", "--vus", strconv.Itoa(users), "--duration", d, l.file("think.js",
			"import http from 'k6/http';\nimport { sleep } from 'k6';\nexport default function () { http.get('"+url+"'); sleep(1); }\n")}
	}
	return []string{"run", l.file("think.yaml", fmt.Sprintf(ourThinking, d, url, users)), "--out", l.fresh(), "--quiet", "--json"}
}

const ourThinking = `name: think
duration: %s
warmup: 0s
speedup: 1
lb: {url: "%s", identify: {header: X-Instance}}
load: {users: %d}
mix: {name: think, profiles: [{share: 1, profile: {name: think, requests: 1000, think: 20s, connection: per-request}}]}
`

// memory divides what many users add to the resident memory of a few by their number.
func (l *lab) memory() {
	server := l.recorder()
	defer server.stop()
	t := newTable("Memory of thinking users", "", "users", "resident MiB", "KiB/user")
	for _, name := range l.here("stickybench", "k6") {
		few, many := 10, 1000
		if name == "stickybench" {
			few, many = 1000, 100_000
		}
		base, full := l.resident(name, server.url, few), l.resident(name, server.url, many)
		t.row(name, strconv.Itoa(many), number(full/1024), number((full-base)/float64(many-few)))
	}
	t.print()
}

// resident is the largest memory in KiB while the load runs; the analysis after it does not count.
func (l *lab) resident(name, url string, users int) float64 {
	var most atomic.Int64
	l.run(name, memorySeconds, func(pid int) {
		for end := time.Now().Add(memorySeconds * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			most.Store(max(most.Load(), rss(pid)))
		}
	}, l.thinking(name, url, users)...)
	return float64(most.Load())
}

// rss reads VmRSS in KiB; 0 once the process is gone.
func rss(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[0], 10, 64)
	return n
}
