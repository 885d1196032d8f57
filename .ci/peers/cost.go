package main

import (
	"encoding/json"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// connections of the closed loop.
const connections = "64"

// count says where a tool tells how much it sent.
var count = map[string]*regexp.Regexp{
	"wrk":        regexp.MustCompile(`(\d+) requests in`),
	"hey":        regexp.MustCompile(`\[200\]\s+(\d+) responses`),
	"bombardier": regexp.MustCompile(`2xx - (\d+)`),
	"k6":         regexp.MustCompile(`http_reqs[.: ]+(\d+)`),
}

// closedLoop is the command line of 64 users without think time.
func (l *lab) closedLoop(name, url, out string) []string {
	seconds := strconv.Itoa(l.seconds)
	return map[string][]string{
		"wrk": {"-t1", "-c" + connections, "-d" + seconds + "s", url},
		"stickybench": {"run", "--url", url, "--mix", "saturate", "--users", connections, "--duration", seconds + "s",
			"--warmup", "0s", "--instance-header", "X-Instance", "--out", out, "--quiet"},
		"hey":        {"-c", connections, "-z", seconds + "s", url},
		"bombardier": {"-c", connections, "-d", seconds + "s", "-p", "r", url},
		"vegeta": {"attack", "-rate=0", "-max-workers=" + connections, "-duration=" + seconds + "s",
			"-targets=" + l.file("target", "GET "+url+"\n"), "-output=" + out},
		"fortio": {"load", "-quiet", "-c", connections, "-qps", "0", "-t", seconds + "s", "-json", out, url},
		"k6": {"run", "-q", "--vus", connections, "--duration", seconds + "s",
			l.file("closed.js", "import http from 'k6/http';\nexport default function () { http.get('"+url+"'); }\n")},
	}[name]
}

// cost measures CPU per request and rate, and prints each round's ratio to wrk.
func (l *lab) cost() {
	url, stop := l.nginx()
	defer stop()
	costs, rates := map[string][]float64{}, map[string][]float64{}
	names := l.here("wrk", "stickybench", "bombardier", "fortio", "hey", "vegeta", "k6")
	for range l.rounds {
		for _, name := range names {
			requests, cpu := l.closed(name, url)
			if requests == 0 {
				log.Fatalf("%s: no requests counted", name)
			}
			costs[name] = append(costs[name], float64(cpu.Nanoseconds())/1e3/requests)
			rates[name] = append(rates[name], requests/float64(l.seconds))
		}
	}
	t := newTable("CPU per request, 64 kept connections, closed loop, against one nginx worker", "",
		"CPU µs/request", "over wrk's (min … max)", "requests/s", "over wrk's (min … max)")
	for _, name := range names {
		_, cost, _ := spread(costs[name])
		_, rate, _ := spread(rates[name])
		t.row(name, number(cost), ratio(costs[name], costs["wrk"]), number(rate), ratio(rates[name], rates["wrk"]))
	}
	t.print()
}

// closed runs one tool and gives its requests and CPU time.
func (l *lab) closed(name, url string) (requests float64, cpu time.Duration) {
	out := l.fresh()
	done := l.run(name, l.seconds, nil, l.closedLoop(name, url, out)...)
	switch name {
	case "stickybench":
		return account(out)
	case "vegeta":
		return vegetaReport(l.paths[name], out).Requests, done.cpu
	case "fortio":
		return jsonNumber(fileText(out), "RetCodes", "200"), done.cpu
	}
	found := count[name].FindSubmatch(done.text)
	if found == nil {
		return 0, done.cpu
	}
	requests, err := strconv.ParseFloat(string(found[1]), 64)
	check(err)
	return requests, done.cpu
}

// vegetaResult is what `vegeta report` says, in nanoseconds.
type vegetaResult struct {
	Requests  float64
	Latencies struct {
		P99 float64 `json:"99th"`
	}
}

func vegetaReport(vegeta, out string) (r vegetaResult) {
	text, err := exec.Command(vegeta, "report", "-type=json", out).Output()
	check(err)
	check(json.Unmarshal(text, &r))
	return r
}

// account is the generator's own in the run directory, without the analysis behind it.
func account(dir string) (requests float64, cpu time.Duration) {
	text, err := os.ReadFile(filepath.Join(dir, "run.json"))
	check(err)
	var run struct {
		Generator struct {
			Sent uint64        `json:"sent"`
			CPU  time.Duration `json:"cpu_ns"`
		} `json:"generator"`
	}
	check(json.Unmarshal(text, &run))
	check(os.RemoveAll(dir))
	return float64(run.Generator.Sent), run.Generator.CPU
}
