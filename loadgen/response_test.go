package loadgen

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// outcome is what a response says after these pieces and the server's close.
func outcome(pieces ...[]byte) (results.Failure, uint16) {
	var p response
	p.begin(&Request{}, nil)
	for _, b := range pieces {
		if _, err := p.feed(b); err != nil {
			return results.Malformed, 0
		}
	}
	if !p.end() {
		return results.Reset, 0
	}
	return results.Answered, p.status
}

func TestEverySplitSaysTheSame(t *testing.T) {
	for name, s := range streams {
		for i := range min(len(s.raw), 400) {
			raw := []byte(s.raw)
			if got, status := outcome(raw[:i], raw[i:]); got != s.want || status != s.status {
				t.Errorf("%s split at %d: %d %d, want %d %d", name, i, got, status, s.want, s.status)
			}
		}
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	raw := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nStickybench-Instance: b1\r\nStickybench-Boot: 00000000000000ff\r\n" +
		"Server-Timing: sb-store;dur=0.213, sb-handler;dur=5.001\r\nSet-Cookie: mark=b1; Path=/; Max-Age=60; HttpOnly\r\n\r\nok")
	var p response
	js, j := newJars(site{host: "h", path: "/"}), jar{}
	r := &Request{}
	n := testing.AllocsPerRun(1000, func() {
		r.reset()
		p.begin(r, nil)
		if _, err := p.feed(raw[:50]); err != nil {
			t.Fatal(err)
		}
		if _, err := p.feed(raw[50:]); err != nil || p.phase != complete {
			t.Fatal(err, p.phase)
		}
		for line := range r.Answer.Cookies {
			if _, ok := js.set(&j, line, clock.Time(1)); !ok {
				t.Fatal("refused")
			}
		}
		r.Cookie, r.Marker, _ = js.header(r.Cookie, &j, clock.Time(1))
	})
	if n > 0 {
		t.Errorf("%v allocations per request", n)
	}
}

// FuzzResponse holds our parser against the standard library's: what both accept they read alike,
// however it is split.
func FuzzResponse(f *testing.F) {
	for _, s := range streams {
		if len(s.raw) < 1000 {
			f.Add([]byte(s.raw), uint16(7))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, split uint16) {
		at := int(split) % (len(raw) + 1)
		whole, status := outcome(raw)
		if parts, s := outcome(raw[:at], raw[at:]); parts != whole || s != status {
			t.Fatalf("whole %d %d, split at %d: %d %d", whole, status, at, parts, s)
		}
		resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
		if err != nil || whole != results.Answered || resp.StatusCode < 200 {
			return
		}
		if _, err := io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode != int(status) {
			t.Errorf("status %d, net/http says %d", status, resp.StatusCode)
		}
	})
}

func BenchmarkResponse(b *testing.B) {
	text := []byte("HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Wed, 25 Nov 2026 02:36:57 GMT\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n" +
		"Connection: keep-alive\r\nSet-Cookie: mark=b1; Path=/\r\nX-Instance: b1\r\n\r\nok")
	var p response
	r := &Request{Answer: Answer{naming: "X-Instance"}}
	b.ReportAllocs()
	for b.Loop() {
		r.reset()
		p.begin(r, nil)
		if _, err := p.feed(text); err != nil || p.phase != complete {
			b.Fatal(err)
		}
	}
}
