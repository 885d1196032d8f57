package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const pacingRate = 5000

// openLoop is the command line of a constant rate for the tools that have one.
func (l *lab) openLoop(name, url, out string, rate, seconds int) []string {
	r, d := strconv.Itoa(rate), strconv.Itoa(seconds)+"s"
	return map[string][]string{
		"stickybench": {"run", l.file("open.yaml", fmt.Sprintf(ourOpenLoop, d, url, r)), "--out", out, "--quiet", "--json"},
		"vegeta":      {"attack", "-rate=" + r + "/1s", "-duration=" + d, "-targets=" + l.file("target", "GET "+url+"\n"), "-output=" + out},
		"fortio":      {"load", "-quiet", "-uniform", "-c", connections, "-qps", r, "-t", d, "-p", "99", "-json", out, url},
		"k6": {"run", "-q", "--summary-export", out, "--summary-trend-stats", "p(99)",
			l.file("open.js", strings.NewReplacer("URL", url, "RATE", r, "TIME", d).Replace(k6OpenLoop))},
		"bombardier": {"-c", connections, "-r", r, "-d", d, "-l", "-p", "r", "-o", "json", url},
		"hey":        {"-c", "50", "-q", strconv.Itoa(rate / 50), "-z", d, url},
	}[name]
}

// ourOpenLoop: each arrival is a session of one request, on connections that all share.
const ourOpenLoop = `name: open
duration: %s
warmup: 0s
lb: {url: "%s", identify: {header: X-Instance}}
load: {rate: %s, arrivals: constant}
mix: {name: one, profiles: [{share: 1, profile: {name: one, requests: 1, think: 1s, connection: shared, pool: 64}}]}
`

const k6OpenLoop = `import http from 'k6/http';
export const options = { scenarios: { open: { executor: 'constant-arrival-rate', rate: RATE, timeUnit: '1s', duration: 'TIME',
  preAllocatedVUs: 100, maxVUs: 2000 } } };
export default function () { http.get('URL'); }
`

// pacing measures how late requests arrive at the server.
func (l *lab) pacing() {
	server := l.recorder()
	defer server.stop()
	late := map[string]map[float64][]float64{}
	sent := map[string][]float64{}
	names := l.here("stickybench", "vegeta", "fortio", "k6")
	quantiles := []float64{0.5, 0.99, 0.999}
	for range (l.rounds + 1) / 2 {
		for _, name := range names {
			l.run(name, l.seconds, nil, l.openLoop(name, server.url, l.fresh(), pacingRate, l.seconds)...)
			errors, share := lateness(server.take(), pacingRate, l.seconds)
			if late[name] == nil {
				late[name] = map[float64][]float64{}
			}
			for _, q := range quantiles {
				late[name][q] = append(late[name][q], quantile(errors, q))
			}
			sent[name] = append(sent[name], share)
		}
	}
	t := newTable(fmt.Sprintf("Pacing, %d requests/s open loop: µs that requests arrive at the server after they are due, median (min … max) of %d rounds",
		pacingRate, (l.rounds+1)/2), "", "p50", "p99", "p99.9", "arrived")
	for _, name := range names {
		least, share, _ := spread(sent[name])
		arrived := fmt.Sprintf("%.2f %%", 100*share)
		if least < leastArrived { // which of those due came is not known
			t.row(name, "-", "-", "-", arrived)
			continue
		}
		t.row(name, ranged(late[name][0.5]), ranged(late[name][0.99]), ranged(late[name][0.999]), arrived)
	}
	t.print()
}

// leastArrived of those due must have come, or the lateness of the others says nothing.
const leastArrived = 0.98

// lateness holds arrivals against the even schedule that touches the earliest of them, in µs. The first
// second, in which connections open, does not count. Share is how many of those due came.
func lateness(times []int64, rate, seconds int) (late []float64, share float64) {
	slices.Sort(times)
	skip := min(rate, len(times))
	share = float64(len(times)) / float64(rate*seconds)
	times = times[skip:]
	step := int64(time.Second) / int64(rate)
	least := int64(0)
	for i := range times {
		off := times[i] - times[0] - int64(i)*step
		least = min(least, off)
		late = append(late, float64(off)/1e3)
	}
	for i := range late {
		late[i] -= float64(least) / 1e3
	}
	slices.Sort(late)
	return late, share
}

// quantile of sorted values.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
