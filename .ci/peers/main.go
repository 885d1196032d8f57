// Peers compares what a request costs the client: stickybench with cookies, oracle, histograms and
// recording on, and other load generators, in turn against one nginx. Run it with `make bench-peers`.
//
// Absolute figures mean little on a shared machine; the ratios to wrk inside one round are the result.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// peer is one load generator: how it is called and where it says how much it sent.
type peer struct {
	name    string
	install string // for `go install`; empty = a Debian package, or ours
	args    []string
	count   *regexp.Regexp
}

const connections = "64"

func peers(url, seconds, out, script string) []peer {
	return []peer{
		{name: "wrk", args: []string{"-t1", "-c" + connections, "-d" + seconds + "s", url}, count: regexp.MustCompile(`(\d+) requests in`)},
		{name: "stickybench", args: []string{"run", "--url", url, "--mix", "saturate", "--users", connections, "--duration", seconds + "s",
			"--warmup", "0s", "--instance-header", "X-Instance", "--out", out, "--quiet"}},
		{name: "hey", args: []string{"-c", connections, "-z", seconds + "s", url}, count: regexp.MustCompile(`\[200\]\s+(\d+) responses`)},
		{name: "bombardier", install: "github.com/codesenberg/bombardier@v1.2.6", args: []string{"-c", connections, "-d", seconds + "s", "-p", "r", url},
			count: regexp.MustCompile(`2xx - (\d+)`)},
		{name: "vegeta", install: "github.com/tsenart/vegeta/v12@v12.12.0",
			args:  []string{"attack", "-rate=0", "-max-workers=" + connections, "-duration=" + seconds + "s", "-targets=" + script, "-output=" + out + ".bin"},
			count: nil},
		{name: "fortio", install: "fortio.org/fortio@v1.69.4", args: []string{"load", "-quiet", "-c", connections, "-qps", "0", "-t", seconds + "s", url},
			count: regexp.MustCompile(`Code 200 : (\d+)`)},
		{name: "k6", install: "go.k6.io/k6@v1.0.0", args: []string{"run", "-q", "--vus", connections, "--duration", seconds + "s", script + ".js"},
			count: regexp.MustCompile(`http_reqs[.: ]+(\d+)`)},
	}
}

func main() {
	rounds := flag.Int("rounds", 5, "how often each is run")
	seconds := flag.Int("seconds", 4, "how long each run is")
	only := flag.String("only", "wrk,stickybench,hey", "which, separated by commas; those written in Go are built first")
	flag.Parse()
	log.SetFlags(0)
	work, err := os.MkdirTemp("", "peers")
	check(err)
	defer os.RemoveAll(work)
	url, stop := server(work)
	defer stop()
	check(os.WriteFile(work+"/target", []byte("GET "+url+"\n"), 0o644))
	check(os.WriteFile(work+"/target.js", []byte("import http from 'k6/http';\nexport default function () { http.get('"+url+"'); }\n"), 0o644))
	bin := build(work)
	costs, rates := map[string][]float64{}, map[string][]float64{}
	var order []string
	for round := range *rounds {
		for _, p := range peers(url, strconv.Itoa(*seconds), filepath.Join(work, fmt.Sprint("out", round)), work+"/target") {
			if !slices.Contains(strings.Split(*only, ","), p.name) {
				continue
			}
			path, ok := find(p, bin)
			if !ok {
				if round == 0 {
					fmt.Printf("%s: not here and could not be built, left out\n", p.name)
				}
				continue
			}
			requests, cpu := measure(p, path, work, round)
			if requests == 0 {
				log.Fatalf("%s: no requests counted", p.name)
			}
			if round == 0 {
				order = append(order, p.name)
			}
			costs[p.name] = append(costs[p.name], float64(cpu.Microseconds())/requests)
			rates[p.name] = append(rates[p.name], requests/float64(*seconds))
		}
	}
	table(order, costs, rates)
}

// table prints medians, and the median and spread of each round's ratio to wrk.
func table(order []string, costs, rates map[string][]float64) {
	fmt.Printf("%-12s %14s %12s %26s\n", "", "CPU µs/request", "requests/s", "CPU over wrk's (min … max)")
	for _, name := range order {
		var ratios []float64
		for i, cost := range costs[name] {
			if i < len(costs["wrk"]) {
				ratios = append(ratios, cost/costs["wrk"][i])
			}
		}
		low, mid, high := spread(ratios)
		_, cost, _ := spread(costs[name])
		_, rate, _ := spread(rates[name])
		fmt.Printf("%-12s %14.2f %12.0f %11.2f (%.2f … %.2f)\n", name, cost, rate, mid, low, high)
	}
}

func spread(v []float64) (low, mid, high float64) {
	if len(v) == 0 {
		return 0, 0, 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[0], s[len(s)/2], s[len(s)-1]
}

// measure runs one peer on the second core and gives its requests and CPU time.
func measure(p peer, path, work string, round int) (float64, time.Duration) {
	args := append([]string{"-c", "1", path}, p.args...)
	cmd := exec.Command("taskset", args...)
	cmd.Dir, cmd.Stderr = work, io.Discard
	text, err := cmd.Output()
	if p.name == "stickybench" {
		return ours(filepath.Join(work, fmt.Sprint("out", round)))
	}
	if err != nil {
		log.Fatalf("%s: %v", p.name, err)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if p.name == "vegeta" {
		report, err := exec.Command(path, "report", "-type=json", filepath.Join(work, fmt.Sprintf("out%d.bin", round))).Output()
		check(err)
		var r struct{ Requests float64 }
		check(json.Unmarshal(report, &r))
		return r.Requests, cpu
	}
	found := p.count.FindSubmatch(text)
	if found == nil {
		return 0, cpu
	}
	n, err := strconv.ParseFloat(string(found[1]), 64)
	check(err)
	return n, cpu
}

// ours reads the run directory: the generator's own account, without the analysis behind it.
func ours(dir string) (float64, time.Duration) {
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

// build makes our own binary.
func build(work string) string {
	cmd := exec.Command("go", "build", "-o", work+"/stickybench", "./cmd/stickybench")
	cmd.Stderr = os.Stderr
	check(cmd.Run())
	return work
}

// find gives the program's path, building it through the module proxy where needed.
func find(p peer, bin string) (string, bool) {
	if path := filepath.Join(bin, p.name); exists(path) {
		return path, true
	}
	if path, err := exec.LookPath(p.name); err == nil {
		return path, true
	}
	if p.install == "" {
		return "", false
	}
	cmd := exec.Command("go", "install", p.install)
	cmd.Env = append(os.Environ(), "GOBIN="+bin)
	path := filepath.Join(bin, p.name)
	return path, cmd.Run() == nil && exists(path)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// server is one nginx worker on the first core that answers two bytes and a cookie.
func server(work string) (url string, stop func()) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	address := l.Addr().String()
	l.Close()
	config := `daemon off; worker_processes 1; pid ` + work + `/nginx.pid; error_log /dev/null; events { worker_connections 4096; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path ` + work + `/a; proxy_temp_path ` + work + `/b; fastcgi_temp_path ` + work + `/c;
uwsgi_temp_path ` + work + `/d; scgi_temp_path ` + work + `/e;
server { listen ` + address + ` backlog=4096; location / { add_header Set-Cookie "mark=b1; Path=/"; add_header X-Instance b1; return 200 "ok"; } } }`
	check(os.WriteFile(work+"/nginx.conf", []byte(config), 0o644))
	cmd := exec.Command("taskset", "-c", "0", "nginx", "-c", work+"/nginx.conf")
	cmd.Stderr = os.Stderr
	check(cmd.Start())
	for range 100 {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "http://" + address + "/", func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
