package balancers

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/port"
)

// fixture is a real balancer in front of small instances of this test.
type fixture struct {
	running   Running
	url       string
	instances map[string]*mock
	end       func() // ends it in order; safe to call again
}

// live starts the real program at path with the usual parameters, changed if change is not nil.
func live(t *testing.T, row Row, m Mechanism, path string, instances int, change func(*Params)) *fixture {
	t.Helper()
	row.Binary = path
	f := &fixture{instances: map[string]*mock{}, running: Running{Row: row, Mechanism: m}}
	p := &f.running.Params
	*p = Params{
		Name: "lb", Listen: reserved(t), Directory: filepath.Join(t.TempDir(), "lb of", "x"), Socket: filepath.Join(short(t), "s"),
		Health: Health{Interval: 50 * time.Millisecond, Timeout: time.Second, Rise: 1, Fall: 1},
	}
	p.Peers = []Peer{{p.Name, p.Beside("peers.sock")}}
	if os.Geteuid() == 0 {
		p.User = "root"
	}
	for n := range instances {
		p.Instances = append(p.Instances, f.add(t, fmt.Sprintf("b%d", n+1)))
	}
	f.url = "http://" + p.Listen
	if change != nil {
		change(p)
	}
	f.run(t)
	return f
}

// optional are the programs that neither Debian nor `go install` brings: they are tested where they are on the PATH.
func optional(row Row) bool { return row.Name == "traefik" || row.Name == "envoy" }

// fitting gives every version of the row's program on the PATH that can do what is wanted; without any the test skips, but
// fails where real ones are required.
func fitting(t *testing.T, row Row, m Mechanism, change func(*Params)) (paths []string) {
	t.Helper()
	var p Params
	if change != nil {
		change(&p)
	}
	var unfit error
	for _, path := range installed(row) {
		at := row
		at.Binary = path
		version, err := at.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(at.Supports(m, version), at.Learns(p, version)); err != nil {
			unfit = err
			continue
		}
		paths = append(paths, path)
	}
	if len(paths) > 0 {
		return paths
	}
	if unfit == nil {
		_, unfit = row.Path()
	}
	if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
		t.Fatal(unfit)
	}
	t.Skip(unfit)
	return nil
}

// installed gives every version of the row's program on the PATH.
func installed(row Row) (paths []string) {
	first, err := row.Path()
	if err != nil {
		return nil
	}
	paths = []string{first}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		other, err := exec.LookPath(filepath.Join(dir, row.Binary))
		if info, e := os.Stat(other); err == nil && e == nil && !sameAsAny(info, paths) {
			paths = append(paths, other)
		}
	}
	return paths
}

func sameAsAny(info os.FileInfo, paths []string) bool {
	for _, path := range paths {
		if have, err := os.Stat(path); err == nil && os.SameFile(info, have) {
			return true
		}
	}
	return false
}

// TestMain runs more live tests side by side than there are processors: they wait for checks and time-outs.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // a known flag, a good value
	os.Exit(m.Run())
}

// each runs the test on a fresh fixture for every installed version of every mechanism that is wanted.
func each(t *testing.T, instances int, wanted func(Row, Mechanism) bool, test func(*testing.T, *fixture)) {
	eachWith(t, instances, nil, wanted, test)
}

func eachWith(t *testing.T, instances int, change func(*Params), wanted func(Row, Mechanism) bool, test func(*testing.T, *fixture)) {
	t.Parallel()
	for _, row := range List() {
		for _, m := range row.Mechanisms {
			if row.Binary == "" || !wanted(row, m) || optional(row) && installed(row) == nil {
				continue
			}
			t.Run(row.Name+"-"+m.Name, func(t *testing.T) {
				t.Parallel()
				for _, path := range fitting(t, row, m, change) {
					t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
						t.Parallel()
						test(t, live(t, row, m, path, instances, change))
					})
				}
			})
		}
	}
}

// only wants these uses.
func only(uses ...string) func(Row, Mechanism) bool {
	return func(r Row, m Mechanism) bool {
		for _, use := range uses {
			if use == r.Name+":"+m.Name {
				return true
			}
		}
		return false
	}
}

// mock is an instance that can go and come back on its address.
type mock struct {
	name, address string
	server        *http.Server
	held, release chan struct{} // one request to /hold has come; close it to answer them
}

func (f *fixture) add(t *testing.T, name string) Instance {
	m := &mock{name: name, address: reserved(t), held: make(chan struct{}, 1), release: make(chan struct{})}
	f.instances[name] = m
	m.start(t)
	t.Cleanup(m.stop)
	return Instance{Name: name, Address: m.address}
}

func (m *mock) start(t *testing.T) {
	l, err := net.Listen("tcp", m.address)
	if err != nil {
		t.Fatal(err)
	}
	m.server = &http.Server{Handler: m}
	go m.server.Serve(l)
}

func (m *mock) stop() { m.server.Close() }

func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie("SBSESSION"); err != nil && r.URL.Path != "/healthz" {
		http.SetCookie(w, &http.Cookie{Name: "SBSESSION", Value: fmt.Sprintf("%s-%d", m.name, time.Now().UnixNano())})
	}
	if r.URL.Path == "/hold" {
		m.held <- struct{}{}
		<-m.release
	}
	w.Header().Set("Told-Address", r.Header.Get("X-Forwarded-For"))
	io.WriteString(w, m.name)
}

func (f *fixture) run(t *testing.T) {
	argv, err := f.running.Row.Prepare(f.running.Mechanism, f.running.Params)
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &words, &words
	if path := f.running.Row.Stdout(f.running.Params); path != "" {
		said, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		defer said.Close()
		cmd.Stdout = said
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.end = sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
	})
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		f.end()
		if t.Failed() {
			t.Log(words.String())
		}
	})
	eventually(t, func() bool { _, err := ask(f.client("127.0.0.1"), f.url); return err == nil })
}

// ask gives the name of the instance that answered.
func ask(client *http.Client, url string) (string, error) {
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s", answer.Status)
	}
	return string(body), err
}

// visitor is user n with a cookie jar, an address and a name of its own and, like a cautious client, a
// new connection each time.
func visitor(t *testing.T, n int) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source(n))}}
	return &http.Client{Jar: jar, Timeout: 10 * time.Second,
		Transport: named{fmt.Sprintf("user-%d", n*7919), &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}}}
}

// named adds the header of header mechanisms.
type named struct {
	user string
	http.RoundTripper
}

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set(userHeader, n.user)
	return n.RoundTripper.RoundTrip(r)
}

// source mixes the octets, as the load generator's users do.
func source(n int) string { return fmt.Sprintf("127.%d.%d.%d", 1+n*37%250, n*91%250, 1+n*13%250) }

func homes(t *testing.T, f *fixture, client *http.Client, requests int) []string {
	t.Helper()
	var all []string
	for range requests {
		name, err := ask(client, f.url)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	return all
}

func distinct(names []string) int {
	seen := map[string]bool{}
	for _, name := range names {
		seen[name] = true
	}
	return len(seen)
}

// eventually polls: how soon a program notices is its own affair.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatal("it did not happen within 20 s")
		case <-tick.C:
		}
	}
}

// reserved is a port that stays the test's: its server is taken down and comes back.
func reserved(t *testing.T) string {
	p, err := port.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p.Address
}

// short is a directory whose path fits into a socket address.
func short(t *testing.T) string {
	dir, err := os.MkdirTemp("", "sb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
