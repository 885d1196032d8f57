package loadgen

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// An HTTP/3 server may say anything too.
func TestHostileHTTP3(t *testing.T) {
	const data, headers = 0, 1
	frame := func(kind byte, payload string) string { return string([]byte{kind, byte(len(payload))}) + payload }
	const ok = "\x00\x00\xd9" // :status 200, of QPACK's static table
	for name, c := range map[string]struct {
		raw   string
		reset bool
		want  results.Failure
	}{
		"whole":           {frame(headers, ok) + frame(data, "ok"), false, results.Answered},
		"closed":          {"", false, results.Reset},
		"reset":           {frame(headers, ok), true, results.Reset},
		"data first":      {frame(data, "ok"), false, results.Malformed},
		"no status":       {frame(headers, "\x00\x00"), false, results.Malformed},
		"bad compression": {frame(headers, "\xff\xff\xff\xff"), false, results.Malformed},
		"half a frame":    {string([]byte{headers, 9}) + ok, false, results.Reset},
	} {
		t.Run(name, func(t *testing.T) {
			s := overQUICRaw(t, func(stream *quic.Stream) {
				_, _ = io.WriteString(stream, c.raw)
				if c.reset {
					stream.CancelWrite(0x102)
					return
				}
				_ = stream.Close()
			})
			r := s.client(t).ask(&Request{KeepAlive: true})
			if r.Failure != c.want || (r.Err == nil) != (c.want == results.Answered) {
				t.Errorf("failure %d, want %d: %v", r.Failure, c.want, r.Err)
			}
		})
	}
}

// overQUICRaw hands every stream that a client opens to play.
func overQUICRaw(t *testing.T, play func(*quic.Stream)) served {
	t.Helper()
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	lender.Close()
	l, err := quic.ListenAddr("127.0.0.1:0", &tls.Config{Certificates: lender.TLS.Certificates, NextProtos: []string{"h3"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var playing sync.WaitGroup
	playing.Go(func() {
		for {
			c, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			playing.Go(func() {
				for {
					stream, err := c.AcceptStream(context.Background())
					if err != nil {
						return
					}
					_, _ = io.ReadAll(stream)
					play(stream)
				}
			})
		}
	})
	e := profiles.Default()
	e.Load.TLS.Insecure, e.Load.Protocol = true, profiles.HTTP3
	stop := func() { _ = l.Close() }
	t.Cleanup(func() { stop(); playing.Wait() })
	return served{url: "https://" + l.Addr().String(), e: e, stop: stop}
}
