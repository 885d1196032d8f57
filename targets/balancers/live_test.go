package balancers

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fixture is a real balancer in front of small instances of this test.
type fixture struct {
	row       Row
	params    Params
	url       string
	instances map[string]*httptest.Server
}

// live starts the real program; without it the test skips, but fails where real ones are required.
func live(t *testing.T, use string, instances int) *fixture {
	t.Helper()
	row, mechanism, err := Lookup(use)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := row.Path(); err != nil {
		if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	f := &fixture{row: row, instances: map[string]*httptest.Server{}}
	f.params = Params{
		Listen: free(t), Directory: filepath.Join(t.TempDir(), "lb"), Socket: filepath.Join(short(t), "s"),
		Health: Health{Interval: 20 * time.Millisecond, Timeout: time.Second, Rise: 1, Fall: 1},
	}
	if os.Geteuid() == 0 {
		f.params.User = "root"
	}
	for n := range instances {
		f.addInstance(t, fmt.Sprintf("b%d", n+1))
	}
	f.url = "http://" + f.params.Listen
	f.run(t, mechanism)
	return f
}

func (f *fixture) addInstance(t *testing.T, name string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("SBSESSION"); err != nil && r.URL.Path != "/healthz" {
			http.SetCookie(w, &http.Cookie{Name: "SBSESSION", Value: fmt.Sprintf("%s-%d", name, time.Now().UnixNano())})
		}
		io.WriteString(w, name)
	}))
	t.Cleanup(server.Close)
	f.instances[name] = server
	f.params.Instances = append(f.params.Instances, Instance{name, server.Listener.Addr().String()})
}

func (f *fixture) run(t *testing.T, m Mechanism) {
	argv, err := f.row.Prepare(m, f.params)
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &words, &words
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(words.String())
		}
	})
	eventually(t, func() bool { _, err := ask(http.DefaultClient, f.url); return err == nil })
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

// visitor is one user with a cookie jar and, like a cautious client, a new connection each time.
func visitor(t *testing.T, source string) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	return &http.Client{Jar: jar, Timeout: 10 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}}
}

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

// source mixes the octets, as the load generator's users do.
func source(n int) string { return fmt.Sprintf("127.%d.%d.%d", 1+n*37%250, n*91%250, 1+n*13%250) }

func TestLiveAffinity(t *testing.T) {
	for _, c := range []struct {
		use  string
		from int // requests before the mechanism can know the session
	}{
		{"nginx:ip-hash", 0}, {"nginx:hash-cookie", 1}, {"nginx:hash-cookie-consistent", 1}, {"nginx:userid", 0},
		{"haproxy:cookie", 0}, {"haproxy:stick-table", 0}, {"haproxy:source", 0}, {"haproxy:source-consistent", 0},
	} {
		t.Run(strings.ReplaceAll(c.use, ":", "-"), func(t *testing.T) {
			f := live(t, c.use, 3)
			var first []string
			for n := range 20 {
				names := homes(t, f, visitor(t, source(n)), 6)[c.from:]
				if distinct(names) != 1 {
					t.Errorf("user %d saw %v", n, names)
				}
				first = append(first, names[0])
			}
			if distinct(first) < 2 {
				t.Errorf("20 users all live on %s", first[0])
			}
		})
	}
}

func TestLiveFailover(t *testing.T) {
	for _, use := range []string{"nginx:ip-hash", "nginx:userid", "haproxy:cookie", "haproxy:stick-table", "haproxy:source-consistent"} {
		t.Run(strings.ReplaceAll(use, ":", "-"), func(t *testing.T) {
			f := live(t, use, 3)
			user := visitor(t, source(7))
			home := homes(t, f, user, 3)[0]
			f.instances[home].CloseClientConnections()
			f.instances[home].Close()
			eventually(t, func() bool { name, err := ask(user, f.url); return err == nil && name != home })
			if names := homes(t, f, user, 5); distinct(names) != 1 {
				t.Errorf("after the failure of %s the user saw %v", home, names)
			}
		})
	}
}

func TestLiveDrainKeepsBoundSessions(t *testing.T) {
	f := live(t, "haproxy:cookie", 3)
	bound := visitor(t, source(1))
	home := homes(t, f, bound, 2)[0]
	if err := f.row.Drain(t.Context(), f.params, home, true); err != nil {
		t.Fatal(err)
	}
	for n := range 12 {
		if name := homes(t, f, visitor(t, source(n)), 1)[0]; name == home {
			t.Errorf("new user %d came to %s, which is draining", n, home)
		}
	}
	if names := homes(t, f, bound, 3); distinct(append(names, home)) != 1 {
		t.Errorf("the bound user left %s for %v", home, names)
	}
	if err := f.row.Drain(t.Context(), f.params, home, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return homes(t, f, visitor(t, source(5)), 1)[0] == home })
}

func TestLiveDrainOfUnknownInstanceFails(t *testing.T) {
	f := live(t, "haproxy:cookie", 1)
	if err := f.row.Drain(t.Context(), f.params, "b9", true); err == nil {
		t.Error("haproxy drained an instance that does not exist")
	}
}

func TestLiveVersions(t *testing.T) {
	for _, use := range []string{"nginx", "haproxy"} {
		f := live(t, use, 1)
		v, err := f.row.Version(t.Context())
		if err != nil || strings.Count(v, ".") == 0 {
			t.Errorf("%s: version %q, %v", use, v, err)
		}
	}
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

func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
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
