package loadgen

import (
	"bufio"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type engineMaker func(settings) (Engine, error)

const minute = time.Minute

func TestConformance(t *testing.T) {
	t.Run("portable", func(t *testing.T) {
		conformance(t, func(s settings) (Engine, error) { return newPortable(s) })
	})
	t.Run("cleartext", func(t *testing.T) { conformance(t, newCleartext) })
}

// conformance is what every engine promises, against a server that answers raw bytes.
func conformance(t *testing.T, start engineMaker) {
	t.Run("answers", func(t *testing.T) { answers(t, start) })
	t.Run("connections", func(t *testing.T) { connections(t, start) })
	t.Run("time-outs", func(t *testing.T) { timeouts(t, start) })
	t.Run("addresses", func(t *testing.T) { addresses(t, start) })
	t.Run("pool", func(t *testing.T) { pooling(t, start) })
	t.Run("replicas", func(t *testing.T) { replicated(t, start) })
	t.Run("dead replica", func(t *testing.T) { halfDead(t, start) })
	t.Run("head", func(t *testing.T) { heads(t, start) })
	t.Run("refused", func(t *testing.T) {
		l := listen(t)
		l.Close()
		c := client(t, start, l, settings{})
		if r := c.ask(&Request{KeepAlive: true}); r.Failure != results.ConnectRefused || r.Err == nil || !r.ConnNew {
			t.Errorf("failure %d, %v", r.Failure, r.Err)
		}
	})
	t.Run("close cancels", func(t *testing.T) {
		c := client(t, start, serve(t, waitForEnd), settings{})
		c.engine.Send(&Request{KeepAlive: true, Deadline: clock.Now().Add(time.Minute)})
		_ = c.engine.Wait(clock.Now().Add(50*time.Millisecond), nil)
		if err := c.engine.Close(); err != nil {
			t.Fatal(err)
		}
		c.closed = true
		if done := c.engine.Wait(0, nil); len(done) != 1 || done[0].Failure != results.Canceled {
			t.Errorf("got %+v", done)
		}
	})
}

// stream is an answer and what an engine must make of it.
type stream struct {
	raw    string
	want   results.Failure
	status uint16
}

var streams = map[string]stream{
	"plain":            {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", results.Answered, 200},
	"bare line feeds":  {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", results.Answered, 200},
	"no reason":        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", results.Answered, 200},
	"until close":      {"HTTP/1.1 200 OK\r\n\r\nall of it", results.Answered, 200},
	"old":              {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", results.Answered, 200},
	"chunked":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX: y\r\n\r\n", results.Answered, 200},
	"early hints":      {"HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 204 N\r\n\r\n", results.Answered, 204},
	"continue":         {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 N\r\nContent-Length: 0\r\n\r\n", results.Answered, 500},
	"not modified":     {"HTTP/1.1 304 N\r\nContent-Length: 9\r\n\r\n", results.Answered, 304},
	"same length":      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", results.Answered, 200},
	"short body":       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", results.Reset, 0},
	"short head":       {"HTTP/1.1 200 OK\r\nContent-Le", results.Reset, 0},
	"short chunk":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok", results.Reset, 0},
	"no last chunk":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", results.Reset, 0},
	"early close":      {"", results.Reset, 0},
	"bad chunk":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", results.Malformed, 0},
	"negative chunk":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", results.Malformed, 0},
	"huge chunk":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", results.Malformed, 0},
	"long chunk":       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n", results.Malformed, 0},
	"two lengths":      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", results.Malformed, 0},
	"negative length":  {"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", results.Malformed, 0},
	"length and chunk": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok", results.Malformed, 0},
	"other coding":     {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok", results.Malformed, 0},
	"folded":           {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", results.Malformed, 0},
	"space in name":    {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", results.Malformed, 0},
	"no colon":         {"HTTP/1.1 200 OK\r\nAbc\r\n\r\n", results.Malformed, 0},
	"upgrade":          {"HTTP/1.1 101 S\r\n\r\n", results.Malformed, 0},
	"garbage":          {"hello there, this is no HTTP\r\n\r\n", results.Malformed, 0},
	"bad status":       {"HTTP/1.1 abc OK\r\n\r\n", results.Malformed, 0},
	"long line":        {"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("x", maxLine) + "\r\n\r\n", results.Malformed, 0},
	"endless line":     {strings.Repeat("x", maxLine+1), results.Malformed, 0},
	"endless headers":  {"HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxHeaderBytes/6+1), results.Malformed, 0},
	"endless interim":  {strings.Repeat("HTTP/1.1 100 C\r\n\r\n", maxHeaderBytes/18+1), results.Malformed, 0},
	"endless trailers": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", maxHeaderBytes/6+1), results.Malformed, 0},
}

func answers(t *testing.T, start engineMaker) {
	for name, s := range streams {
		for way, write := range map[string]func(net.Conn){
			"at once": func(c net.Conn) { _, _ = c.Write([]byte(s.raw)) },
			"dripping": func(c net.Conn) {
				for i := range min(len(s.raw), 200) { // long ones drip their start
					_, _ = c.Write([]byte{s.raw[i]})
				}
				_, _ = c.Write([]byte(s.raw[min(len(s.raw), 200):]))
			},
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				l := serve(t, func(c net.Conn, r *bufio.Reader) {
					if request(r) {
						write(c)
						_ = c.(*net.TCPConn).CloseWrite() // half-close: what was sent still counts
						request(r)
					}
				})
				r := client(t, start, l, settings{}).ask(&Request{KeepAlive: true})
				if r.Failure != s.want || s.want == results.Answered && r.Status != s.status {
					t.Errorf("failure %d status %d (%v), want %d %d", r.Failure, r.Status, r.Err, s.want, s.status)
				}
				if (r.Err == nil) != (s.want == results.Answered) || r.Done == 0 {
					t.Errorf("error %v, done %d", r.Err, r.Done)
				}
			})
		}
	}
}

func connections(t *testing.T, start engineMaker) {
	answer := func(head string) func(c net.Conn, r *bufio.Reader) {
		return func(c net.Conn, r *bufio.Reader) {
			for request(r) {
				_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + head + "\r\n"))
			}
		}
	}
	for name, c := range map[string]struct {
		head  string
		keep  bool
		reuse bool
	}{
		"kept":         {"", true, true},
		"per request":  {"", false, false},
		"server close": {"Connection: x, close\r\n", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			cl := client(t, start, serve(t, answer(c.head)), settings{})
			first, second := cl.ask(&Request{KeepAlive: c.keep}), cl.ask(&Request{KeepAlive: c.keep, Seq: 1})
			if !first.ConnNew || second.ConnNew == c.reuse || (first.Conn == second.Conn) != c.reuse || second.Failure != results.Answered {
				t.Errorf("connections %d new %v, %d new %v, failure %d", first.Conn, first.ConnNew, second.Conn, second.ConnNew, second.Failure)
			}
			if first.Connect <= 0 || c.reuse && second.Connect != 0 {
				t.Errorf("connecting took %v and %v", first.Connect, second.Connect)
			}
		})
	}
	t.Run("lanes and release", func(t *testing.T) {
		cl := client(t, start, serve(t, answer("")), settings{})
		a, b := cl.ask(&Request{KeepAlive: true}), cl.ask(&Request{KeepAlive: true, Lane: 1})
		again := cl.ask(&Request{KeepAlive: true, Seq: 2})
		cl.engine.Release(0)
		last := cl.ask(&Request{KeepAlive: true, Seq: 3})
		if a.Conn == b.Conn || again.Conn != a.Conn || !last.ConnNew {
			t.Errorf("connections %d %d %d %d", a.Conn, b.Conn, again.Conn, last.Conn)
		}
	})
	t.Run("release after close", func(t *testing.T) {
		cl := client(t, start, serve(t, answer("")), settings{})
		cl.ask(&Request{KeepAlive: true})
		if err := cl.engine.Close(); err != nil {
			t.Fatal(err)
		}
		cl.closed = true
		cl.engine.Release(0) // the shard ends its users after the engine
	})
	t.Run("closed while idle", func(t *testing.T) {
		closed := make(chan struct{})
		l := serve(t, func(c net.Conn, r *bufio.Reader) {
			request(r)
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
			c.Close()
			closed <- struct{}{}
		})
		cl := client(t, start, l, settings{})
		cl.ask(&Request{KeepAlive: true})
		<-closed
		cl.pass(20 * time.Millisecond)
		go func() { <-closed }()
		if r := cl.ask(&Request{KeepAlive: true, Seq: 1}); r.Failure != results.Answered || !r.ConnNew {
			t.Errorf("failure %d (%v), new %v", r.Failure, r.Err, r.ConnNew)
		}
	})
	t.Run("idle time-out", func(t *testing.T) {
		cl := client(t, start, serve(t, answer("")), settings{idleTimeout: time.Millisecond})
		cl.ask(&Request{KeepAlive: true})
		cl.pass(50 * time.Millisecond)
		if r := cl.ask(&Request{KeepAlive: true, Seq: 1}); !r.ConnNew {
			t.Error("still kept")
		}
	})
}

func timeouts(t *testing.T, start engineMaker) {
	silent := waitForEnd
	endless := func(c net.Conn, r *bufio.Reader) {
		request(r)
		_, err := c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		for err == nil {
			_, err = c.Write(make([]byte, 1<<10))
			time.Sleep(time.Millisecond) // so that it does not take a core
		}
	}
	for name, c := range map[string]struct {
		play func(net.Conn, *bufio.Reader)
		s    settings
		wait time.Duration
	}{
		"silent":       {silent, settings{}, 100 * time.Millisecond},
		"first byte":   {silent, settings{firstByteTimeout: 50 * time.Millisecond}, time.Minute},
		"endless body": {endless, settings{firstByteTimeout: 10 * time.Second}, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			cl := client(t, start, serve(t, c.play), c.s)
			r := cl.ask(&Request{KeepAlive: true, Deadline: clock.Now().Add(c.wait)})
			if r.Failure != results.TimedOut || r.Err == nil {
				t.Errorf("failure %d, %v", r.Failure, r.Err)
			}
		})
	}
}

// serve plays every connection; what plays for ever must end when its connection is closed.
func serve(t *testing.T, play func(net.Conn, *bufio.Reader)) net.Listener {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				defer c.Close()
				play(c, bufio.NewReader(c))
			}()
		}
	}()
	return l
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// waitForEnd never answers.
func waitForEnd(_ net.Conn, r *bufio.Reader) {
	for request(r) {
	}
}

// request reads one request's head.
func request(r *bufio.Reader) bool {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == "\r\n" {
			return true
		}
	}
}

type tester struct {
	t      *testing.T
	engine Engine
	closed bool
}

func client(t *testing.T, start engineMaker, l net.Listener, s settings) *tester {
	t.Helper()
	s.target = &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/"}
	s = located(t, s)
	e, err := start(s)
	if err != nil {
		t.Fatal(err)
	}
	c := &tester{t: t, engine: e}
	t.Cleanup(func() {
		if !c.closed {
			_ = e.Close()
		}
	})
	return c
}

// ask sends one request and waits for it.
func (c *tester) ask(r *Request) *Request {
	c.t.Helper()
	if r.Deadline == 0 {
		r.Deadline = clock.Now().Add(20 * time.Second)
	}
	c.engine.Send(r)
	var done []*Request
	for len(done) == 0 {
		done = c.engine.Wait(clock.Now().Add(time.Second), done)
	}
	return done[0]
}

func TestEnginesPlayTheSameSessions(t *testing.T) {
	l := serve(t, func(c net.Conn, r *bufio.Reader) {
		for request(r) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: mark=b1\r\n\r\n"))
		}
	})
	play := func(engine string) map[uint64]results.Exchange {
		e := profiles.Default()
		e.Load.Engine = engine
		return played(t, "http://"+l.Addr().String(), e)
	}
	a := play("portable")
	if len(a) < 50 {
		t.Fatalf("only %d requests", len(a))
	}
	sameSessions(t, a, play("auto"))
}

// located is s with its target's address.
func located(t testing.TB, s settings) settings {
	t.Helper()
	if err := s.locate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// settled is what engines are told for the target of an experiment.
func settled(t testing.TB, target *url.URL, e *profiles.Experiment) settings {
	t.Helper()
	s, err := newSettings(target, e)
	if err != nil {
		t.Fatal(err)
	}
	return located(t, s)
}
