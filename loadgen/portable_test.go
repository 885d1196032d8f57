package loadgen

import (
	"bufio"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func TestConformance(t *testing.T) {
	conformance(t, func(u *url.URL) (Engine, error) { return newPortable(u, profiles.Identify{}) })
}

// conformance runs any engine against a server that answers raw bytes.
func conformance(t *testing.T, newEngine func(*url.URL) (Engine, error)) {
	for name, c := range map[string]struct {
		raw    string
		want   results.Failure
		status uint16
	}{
		"plain":        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", results.Answered, 200},
		"chunked":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n", results.Answered, 200},
		"early hints":  {"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 204 N\r\n\r\n", results.Answered, 204},
		"not modified": {"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", results.Answered, 304},
		"short body":   {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", results.Reset, 0},
		"early close":  {"", results.Reset, 0},
		"bad chunk":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", results.Malformed, 0},
		"garbage":      {"hello there, this is no HTTP\r\n\r\n", results.Malformed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := ask(t, newEngine, c.raw)
			if r.Failure != c.want || c.want == results.Answered && r.Status != c.status {
				t.Errorf("failure %d status %d (%v), want %d %d", r.Failure, r.Status, r.Err, c.want, c.status)
			}
		})
	}
}

func ask(t *testing.T, newEngine func(*url.URL) (Engine, error), raw string) *Request {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			for r := bufio.NewReader(c); ; {
				if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
					break
				}
			}
			_, _ = c.Write([]byte(raw))
		}
	}()
	e, err := newEngine(&url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/"})
	if err != nil {
		t.Fatal(err)
	}
	e.Send(&Request{KeepAlive: true, Deadline: clock.Now().Add(10 * time.Second)})
	var done []*Request
	for len(done) == 0 {
		done = e.Wait(clock.Now().Add(time.Second), done)
	}
	l.Close()
	<-served
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return done[0]
}
