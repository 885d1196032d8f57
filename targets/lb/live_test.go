package lb

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fleet struct {
	t                *testing.T
	traffic, control string
	backends         map[string]*httptest.Server
	served           atomic.Int64
	client           *http.Client
}

// start runs a balancer over three backends that name themselves and echo the body.
func start(t *testing.T, mechanism string) *fleet {
	f := &fleet{t: t, backends: map[string]*httptest.Server{}}
	o := Options{Mechanism: mechanism, Seed: 1}
	for _, name := range names(3) {
		f.backends[name] = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.served.Add(1)
			body, _ := io.ReadAll(r.Body)
			if string(body) == "abort" {
				panic(http.ErrAbortHandler)
			}
			if _, err := r.Cookie(applicationCookie); err != nil {
				http.SetCookie(w, &http.Cookie{Name: applicationCookie, Value: name + "-session"})
			}
			io.WriteString(w, name+string(body))
		}))
		t.Cleanup(f.backends[name].Close)
		o.Instances = append(o.Instances, Instance{Name: name, URL: f.backends[name].URL})
	}
	f.run(o)
	return f
}

func (f *fleet) run(o Options) {
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- Run(ctx, o, func(traffic, control string) { f.traffic, f.control = traffic, control; close(ready) })
	}()
	<-ready
	f.client = f.user()
	f.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Error(err)
		}
	})
}

func (f *fleet) user() *http.Client {
	jar, _ := cookiejar.New(nil)
	transport := &http.Transport{}
	f.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport}
}

func (f *fleet) post(c *http.Client, url, body string) (int, string) {
	f.t.Helper()
	answer, err := c.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text)
}

func (f *fleet) read() string {
	f.t.Helper()
	answer, err := f.client.Get(f.traffic)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

func TestHomeHoldsThenRebindsOnce(t *testing.T) {
	for _, mechanism := range []string{"cookie", "table", "ip-hash", "consistent-hash"} {
		t.Run(mechanism, func(t *testing.T) {
			f := start(t, mechanism)
			_, home := f.post(f.client, f.traffic, "")
			for range 20 {
				if _, at := f.post(f.client, f.traffic, "x"); at != home+"x" {
					t.Fatalf("served by %s, home is %s", at, home)
				}
			}
			f.backends[home].Close()
			next := f.read() // a POST might meet the closing connection, which is a 502 by design
			for range 20 {
				if status, at := f.post(f.client, f.traffic, "y"); status != http.StatusOK || at != next+"y" || next == home {
					t.Fatalf("%d from %s, want %s for good", status, at, next)
				}
			}
		})
	}
}

func TestDrainKeepsTheBoundAndAdmitsNobody(t *testing.T) {
	for _, mechanism := range []string{"cookie", "table"} {
		f := start(t, mechanism)
		_, home := f.post(f.client, f.traffic, "")
		f.post(f.client, f.control+"/drain?instance="+home, "")
		for range 20 {
			if _, at := f.post(f.client, f.traffic, ""); at != home {
				t.Fatalf("%s: bound session went to %s, home %s only drains", mechanism, at, home)
			}
			if _, at := f.post(f.user(), f.traffic, ""); at == home {
				t.Fatalf("%s: draining %s got a new session", mechanism, home)
			}
		}
	}
}

func TestADeliveredPostIsNeverRepeated(t *testing.T) {
	f := start(t, "cookie")
	f.post(f.client, f.traffic, "") // leaves an idle connection
	before := f.served.Load()
	if status, _ := f.post(f.client, f.traffic, "abort"); status != http.StatusBadGateway || f.served.Load() != before+1 {
		t.Fatalf("status %d, delivered %d times; want 502 and once", status, f.served.Load()-before)
	}
}

func TestNobodyLeftIs503(t *testing.T) {
	f := start(t, "cookie")
	for _, b := range f.backends {
		b.Close()
	}
	if status, _ := f.post(f.client, f.traffic, ""); status != http.StatusServiceUnavailable {
		t.Fatalf("status %d, want 503", status)
	}
}

func TestPoolUpdateMovesOnlyTheRemoved(t *testing.T) {
	f := start(t, "cookie")
	_, home := f.post(f.client, f.traffic, "")
	q, _ := http.NewRequest(http.MethodPut, f.control+"/pool", strings.NewReader(`[{"name":"`+home+`","url":"`+f.backends[home].URL+`"}]`))
	answer, err := f.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if _, at := f.post(f.client, f.traffic, ""); at != home {
		t.Fatalf("moved to %s from %s, which stayed", at, home)
	}
	if _, at := f.post(f.user(), f.traffic, ""); at != home {
		t.Fatalf("served by %s, only %s is left", at, home)
	}
}
