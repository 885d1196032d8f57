package loadgen

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// streaming tells in a first event what h says in its headers, and leaves the stream open.
func streaming(serve func(*testing.T, http.HandlerFunc) served) func(*testing.T, http.HandlerFunc) served {
	return func(t *testing.T, h http.HandlerFunc) served {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept") != "text/event-stream" {
				t.Errorf("accepts %q", r.Header.Get("Accept"))
			}
			answer := httptest.NewRecorder()
			h(answer, r)
			w.Header()["Set-Cookie"] = answer.Header()["Set-Cookie"]
			answer.Header().Del("Set-Cookie")
			w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			var text bytes.Buffer
			_ = answer.Header().Write(&text)
			fmt.Fprintf(w, ": hello\n\nevent: state\ndata: %s\n\n", strings.ReplaceAll(strings.TrimSpace(text.String()), "\r\n", "\ndata: "))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		t.Cleanup(s.hangUp)
		stop := s.stop
		s.stop = func() { s.hangUp(); stop() }
		return s
	}
}

func TestFirstEvent(t *testing.T) {
	for text, want := range map[string]string{
		"data: a\n\n":                          "a\n",
		"data:a\r\ndata: b\r\n\r\n":            "a\nb\n",
		"data: a\r\r":                          "a\n",
		": comment\n\n\nid: 7\n\ndata: a\n\nx": "a\n",
		"event: e\ndata: a\nretry: 9\n\n":      "a\n",
		"data:\n\n":                            "\n",
		"data: first\n\ndata: second\n\n":      "first\n",
		"data: a\n":                            "",
		"database: a\n\n":                      "",
		"":                                     "",
	} {
		if got, ok := firstEvent([]byte(text)); string(got) != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v", text, got, ok)
		}
	}
}

// An event is whole or it is not, however the bytes of the stream were cut.
func FuzzFirstEvent(f *testing.F) {
	for _, text := range []string{"data: a\n\n", ": x\r\n\r\ndata: b\r\r", "data:\ndata\n\nid: 1\n", "\r\n\rdata: c"} {
		f.Add([]byte(text), 5)
	}
	f.Fuzz(func(t *testing.T, text []byte, cut int) {
		early, ok := firstEvent(text[:max(0, min(cut, len(text)))])
		if late, still := firstEvent(text); ok && (!still || !bytes.Equal(early, late)) {
			t.Errorf("%q, and %q once more came", early, late)
		}
	})
}

func eventSource(t *testing.T, l net.Listener) *tester {
	t.Helper()
	e := profiles.Default()
	e.Load.Protocol = profiles.Events
	return started(t, "http://"+l.Addr().String(), e)
}

// The stream stays open while its user thinks, and only the next request ends it.
func TestStreamStaysOpen(t *testing.T) {
	ended := make(chan int, 2)
	opened := 0
	l := serve(t, func(c net.Conn, r *bufio.Reader) {
		if opened++; !request(r) {
			return
		}
		n := opened
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n"))
		for _, err := r.ReadByte(); err == nil; _, err = r.ReadByte() {
		}
		ended <- n
	})
	cl := eventSource(t, l)
	if r := cl.ask(&Request{KeepAlive: true}); r.Failure != results.Answered {
		t.Fatal(r.Err)
	}
	cl.pass(50 * time.Millisecond)
	select {
	case n := <-ended:
		t.Errorf("stream %d was closed at once", n)
	default:
	}
	if r := cl.ask(&Request{KeepAlive: true, Seq: 1}); r.Failure != results.Answered || !r.ConnNew {
		t.Errorf("failure %d, new %v, %v", r.Failure, r.ConnNew, r.Err)
	}
	if n := <-ended; n != 1 {
		t.Errorf("stream %d ended first", n)
	}
	cl.engine.Release(0)
	if n := <-ended; n != 2 {
		t.Errorf("stream %d ended with its user", n)
	}
}

// A server that ends its streams gets the next request on the same connection.
func TestStreamThatEndsGivesTheConnectionBack(t *testing.T) {
	l := serve(t, func(c net.Conn, r *bufio.Reader) {
		for request(r) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: x\n\n\r\n"))
			_, _ = c.Write([]byte("9\r\ndata: y\n\n\r\n0\r\n\r\n"))
		}
	})
	cl := eventSource(t, l)
	for n := range uint32(3) {
		r := cl.ask(&Request{KeepAlive: true, Seq: n})
		if r.Failure != results.Answered || r.Conn != 1 {
			t.Errorf("failure %d on connection %d, %v", r.Failure, r.Conn, r.Err)
		}
		cl.pass(300 * time.Millisecond)
	}
}

func TestWhatIsNoStream(t *testing.T) {
	const stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	for raw, want := range map[string]struct {
		failure results.Failure
		status  uint16
		why     string
	}{
		"HTTP/1.1 503 N\r\nContent-Length: 2\r\n\r\nno":                             {results.Answered, 503, ""},
		"HTTP/1.1 204 N\r\n\r\n":                                                    {results.Malformed, 204, "not text/event-stream"},
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi": {results.Malformed, 200, "not text/event-stream"},
		stream + "Content-Length: 4\r\n\r\n: x\n":                                   {results.Malformed, 200, "ended without an event"},
		stream + "\r\ndata: unfinished\n":                                           {results.Malformed, 200, "ended without an event"},
		stream + "\r\ndata: " + strings.Repeat("x", maxSample):                      {results.Malformed, 200, "first event exceeds"},
		stream + "Content-Length: 99\r\n\r\ndata: x\n":                              {results.Reset, 0, "before the answer was complete"},
	} {
		l := serve(t, func(c net.Conn, r *bufio.Reader) {
			request(r)
			_, _ = c.Write([]byte(raw))
		})
		r := eventSource(t, l).ask(&Request{KeepAlive: true})
		if r.Failure != want.failure || r.Status != want.status || want.why != "" && !strings.Contains(r.Err.Error(), want.why) {
			t.Errorf("%.80q: failure %d, status %d, %v", raw, r.Failure, r.Status, r.Err)
		}
	}
}
