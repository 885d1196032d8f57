package loadgen

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// secured is a server with a certificate of its own and the experiment that trusts it.
func secured(t *testing.T, h http.HandlerFunc) (*httptest.Server, *profiles.Experiment) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	e := profiles.Default()
	e.Load.TLS.CA = authority(t, server.Certificate().Raw)
	return server, e
}

// authority writes a certificate as --ca takes it.
func authority(t *testing.T, der []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// started is the engine that the experiment asks for against a URL.
func started(t *testing.T, address string, e *profiles.Experiment) *tester {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := newEngine(settled(t, target, e))
	if err != nil {
		t.Fatal(err)
	}
	c := &tester{t: t, engine: engine}
	t.Cleanup(func() {
		if !c.closed {
			_ = engine.Close()
		}
	})
	return c
}

func TestTLSVerifiesByDefault(t *testing.T) {
	server, e := secured(t, func(http.ResponseWriter, *http.Request) {})
	for name, c := range map[string]struct {
		tls  profiles.TLS
		want string // in the error; empty = answered
	}{
		"trusted":      {profiles.TLS{CA: e.Load.TLS.CA}, ""},
		"insecure":     {profiles.TLS{Insecure: true, ServerName: "wrong.test"}, ""},
		"unknown":      {profiles.TLS{}, "certificate of " + server.Listener.Addr().String() + ": x509: certificate signed by unknown authority; trust its issuer with --ca FILE (load.tls.ca), or accept any certificate with --insecure"},
		"another name": {profiles.TLS{CA: e.Load.TLS.CA, ServerName: "wrong.test"}, "not wrong.test; name the server with --server-name"},
	} {
		t.Run(name, func(t *testing.T) {
			e := profiles.Default()
			e.Load.TLS = c.tls
			r := started(t, server.URL, e).ask(&Request{KeepAlive: true})
			mended := Probe(t.Context(), []string{server.URL}, e)
			if c.want == "" {
				if r.Failure != results.Answered || r.Connect <= 0 || mended != nil {
					t.Errorf("failure %d (%v), connecting took %v, probe %v", r.Failure, r.Err, r.Connect, mended)
				}
				return
			}
			if r.Failure != results.ConnectFailed || r.Err == nil || !strings.Contains(r.Err.Error(), c.want) {
				t.Errorf("failure %d, %v\nwant %s", r.Failure, r.Err, c.want)
			}
			if mended == nil || mended.Error() != r.Err.Error() {
				t.Errorf("the probe says %v", mended)
			}
		})
	}
}

func TestServerNameIsAskedFor(t *testing.T) {
	asked := make(chan string, 1)
	server, e := secured(t, func(_ http.ResponseWriter, r *http.Request) { asked <- r.TLS.ServerName })
	e.Load.TLS.ServerName = "example.com" // the test certificate is for it too
	if r := started(t, server.URL, e).ask(&Request{}); r.Failure != results.Answered {
		t.Fatal(r.Err)
	}
	if name := <-asked; name != "example.com" {
		t.Errorf("asked for %q", name)
	}
}

func TestUsersResumeOnlyTheirOwnSessions(t *testing.T) {
	server, e := secured(t, func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.DidResume {
			w.WriteHeader(http.StatusAccepted)
		}
	})
	cl := started(t, server.URL, e)
	resumed := func(slot uint32) bool { return cl.ask(&Request{Slot: slot}).Status == http.StatusAccepted }
	if resumed(0) || !resumed(0) {
		t.Error("the second connection of a user does not resume the first")
	}
	if resumed(1) {
		t.Error("a user resumes another's session")
	}
	cl.engine.Release(0)
	if resumed(0) {
		t.Error("the next user of a slot resumes the last one's session")
	}
	e.Load.TLS.Resumption = false
	cl = started(t, server.URL, e)
	for range 2 {
		if resumed(0) {
			t.Error("resumes although told not to")
		}
	}
}

func TestHandshakeCountsAsConnecting(t *testing.T) {
	const pause = 30 * time.Millisecond
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return nil, clock.Sleep(context.Background(), pause)
	}}
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	e := profiles.Default()
	e.Load.TLS.Insecure = true
	cl := started(t, server.URL, e)
	if r := cl.ask(&Request{KeepAlive: true}); r.Connect < pause || r.FirstByte.Sub(r.Sent) < r.Connect {
		t.Errorf("connecting took %v, the first byte came after %v", r.Connect, r.FirstByte.Sub(r.Sent))
	}
	if r := cl.ask(&Request{KeepAlive: true}); r.ConnNew || r.Connect != 0 {
		t.Errorf("new %v, connecting took %v", r.ConnNew, r.Connect)
	}
	e.Load.ConnectTimeout = profiles.Duration(time.Millisecond)
	if r := started(t, server.URL, e).ask(&Request{}); r.Failure != results.ConnectFailed {
		t.Errorf("failure %d, %v; the handshake outlasts the connect time-out", r.Failure, r.Err)
	}
}

func TestNoTLSThere(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	address := strings.Replace(server.URL, "http:", "https:", 1)
	r := started(t, address, profiles.Default()).ask(&Request{})
	if r.Failure != results.ConnectFailed || r.Err.Error() != server.Listener.Addr().String()+" does not speak TLS; use an http:// URL" {
		t.Errorf("failure %d, %v", r.Failure, r.Err)
	}
}

// What may heal is the run's to record.
func TestProbeLeavesTheRestToTheRun(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Probe(t.Context(), []string{"https://" + l.Addr().String()}, profiles.Default()); err != nil {
		t.Error(err)
	}
}

func TestUnreadableCA(t *testing.T) {
	e := profiles.Default()
	e.Balancer.Use, e.Balancer.URL = "", "https://127.0.0.1:1"
	for path, want := range map[string]string{
		"/absent.pem": "load.tls.ca: open /absent.pem: no such file or directory; name a readable PEM file",
		"tls_test.go": "load.tls.ca: tls_test.go holds no certificate in PEM form; name the file of the issuer's certificate",
	} {
		e.Load.TLS.CA = path
		if err := Check(e); err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}
