package loadgen

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// conversations are the open WebSockets of a test server.
type conversations struct {
	mu   sync.Mutex
	open map[*websocket.Conn]bool
	over sync.WaitGroup
}

func (c *conversations) set(s *websocket.Conn, open bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[s] = open
}

func (c *conversations) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for s, open := range c.open {
		if open {
			_ = s.CloseNow()
		}
	}
}

// conversing makes each message a request to h, and cookies part of the upgrade.
func conversing(serve func(*testing.T, http.HandlerFunc) served) func(*testing.T, http.HandlerFunc) served {
	return func(t *testing.T, h http.HandlerFunc) served {
		all := &conversations{open: map[*websocket.Conn]bool{}}
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			all.over.Add(1)
			defer all.over.Done()
			w.Header().Add("Set-Cookie", "mark=b1; Path=/")
			w.Header().Add("Set-Cookie", "SBSESSION=x; Path=/")
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			all.set(c, true)
			defer all.set(c, false)
			converse(c, r, h)
		})
		t.Cleanup(func() { all.hangUp(); all.over.Wait() })
		stop := s.stop
		s.hangUp, s.stop = all.hangUp, func() { all.hangUp(); stop() }
		return s
	}
}

func converse(c *websocket.Conn, upgrade *http.Request, h http.HandlerFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	messages := make(chan []byte)
	go func() {
		defer close(messages)
		defer cancel() // the client is gone, which a handler may wait for
		for {
			_, m, err := c.Read(ctx)
			if err != nil {
				return
			}
			messages <- m
		}
	}()
	for m := range messages {
		reply := replyOf(ctx, m, upgrade, h)
		if reply == nil || c.Write(ctx, websocket.MessageText, reply) != nil {
			_ = c.CloseNow()
		}
	}
}

// replyOf gives nothing that could be sent when the handler gives up.
func replyOf(ctx context.Context, message []byte, upgrade *http.Request, h http.HandlerFunc) (reply []byte) {
	defer func() {
		if recover() != nil {
			reply = nil
		}
	}()
	method, rest, _ := bytes.Cut(message, []byte("\r\n"))
	fields, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(rest))).ReadMIMEHeader()
	if err != nil {
		panic(err)
	}
	fields["Cookie"] = upgrade.Header["Cookie"]
	q := (&http.Request{Method: string(method), Header: http.Header(fields), RemoteAddr: upgrade.RemoteAddr}).WithContext(ctx)
	w := httptest.NewRecorder()
	h(w, q)
	w.Header().Del("Set-Cookie")
	var text bytes.Buffer
	fmt.Fprintf(&text, "%d\r\n", w.Code)
	_ = w.Header().Write(&text)
	return text.Bytes()
}

// upgraded runs talk on each WebSocket of a server.
func upgraded(t *testing.T, talk func(context.Context, *websocket.Conn)) served {
	t.Helper()
	var over sync.WaitGroup
	s := cleartext(t, func(w http.ResponseWriter, r *http.Request) {
		over.Add(1)
		defer over.Done()
		w.Header().Set("X-Instance", "b7")
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.CloseNow()
		talk(context.Background(), c)
	})
	t.Cleanup(over.Wait)
	s.e.Load.Protocol = profiles.WebSocket
	return s
}

// Any server that answers a message with a message can be measured; the upgrade may name its instance.
func TestWebSocketOfAnotherServer(t *testing.T) {
	s := upgraded(t, func(ctx context.Context, c *websocket.Conn) {
		for {
			kind, m, err := c.Read(ctx)
			if err != nil || c.Write(ctx, kind, m) != nil {
				return
			}
		}
	})
	cl := s.client(t)
	for range 2 {
		r := &Request{KeepAlive: true}
		r.Answer.naming = "X-Instance"
		if r = cl.ask(r); r.Failure != results.Answered || r.Status != 200 || string(r.Answer.Instance) != "b7" {
			t.Errorf("failure %d (%v), status %d from %q", r.Failure, r.Err, r.Status, r.Answer.Instance)
		}
	}
	s.e.Balancer.Identify.Body = "Seq: ([0-9]+)"
	if r := s.client(t).ask(&Request{KeepAlive: true, Seq: 42}); string(r.Answer.Instance) != "42" {
		t.Errorf("instance %q in the message", r.Answer.Instance)
	}
}

// What the server says unasked is nobody's answer, and its pings are answered while the user thinks.
func TestWebSocketIdle(t *testing.T) {
	pinged := make(chan error, 1)
	s := upgraded(t, func(ctx context.Context, c *websocket.Conn) {
		for n := range 2 {
			if _, _, err := c.Read(ctx); err != nil {
				return
			}
			_ = c.Write(ctx, websocket.MessageText, fmt.Appendf(nil, "20%d\r\n", n))
			_ = c.Write(ctx, websocket.MessageText, []byte("500\r\nunasked"))
			if n == 0 {
				reading, cancel := context.WithTimeout(ctx, 10*time.Second)
				go func() { pinged <- c.Ping(reading); cancel() }()
			}
		}
		_, _, _ = c.Read(ctx)
	})
	cl := s.client(t)
	first := cl.ask(&Request{KeepAlive: true})
	if err := <-pinged; err != nil { // answered, so what was said before was heard
		t.Errorf("ping: %v", err)
	}
	second := cl.ask(&Request{KeepAlive: true})
	if first.Status != 200 || second.Status != 201 || second.ConnNew {
		t.Errorf("status %d and %d, new %v; %v", first.Status, second.Status, second.ConnNew, second.Err)
	}
}

func TestWebSocketFailures(t *testing.T) {
	refuse := func(status int) served {
		s := cleartext(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		s.e.Load.Protocol = profiles.WebSocket
		return s
	}
	if r := refuse(503).client(t).ask(&Request{KeepAlive: true}); r.Failure != results.Answered || r.Status != 503 || r.FirstByte == 0 {
		t.Errorf("refused upgrade: failure %d, status %d, %v", r.Failure, r.Status, r.Err)
	}
	if r := refuse(200).client(t).ask(&Request{KeepAlive: true}); r.Failure != results.Malformed || !strings.Contains(r.Err.Error(), "no upgrade to WebSocket") {
		t.Errorf("no upgrade: failure %d, %v", r.Failure, r.Err)
	}
	answer := func(play func(context.Context, *websocket.Conn)) *Request {
		s := upgraded(t, func(ctx context.Context, c *websocket.Conn) {
			_, _, _ = c.Read(ctx)
			play(ctx, c)
		})
		return s.client(t).ask(&Request{KeepAlive: true})
	}
	if r := answer(func(_ context.Context, c *websocket.Conn) { _ = c.Close(websocket.StatusGoingAway, "") }); r.Failure != results.Reset || r.Err == nil {
		t.Errorf("closed instead of an answer: failure %d, %v", r.Failure, r.Err)
	}
	if r := answer(func(ctx context.Context, c *websocket.Conn) {
		_ = c.Write(ctx, websocket.MessageText, make([]byte, maxMessage+1))
	}); r.Failure != results.Malformed {
		t.Errorf("endless message: failure %d, %v", r.Failure, r.Err)
	}
	if r := answer(func(ctx context.Context, c *websocket.Conn) {
		_ = c.Write(ctx, websocket.MessageText, []byte("200\r\n"))
		_ = c.Close(websocket.StatusNormalClosure, "")
	}); r.Failure != results.Answered {
		t.Errorf("answered, then closed: failure %d, %v", r.Failure, r.Err)
	}
}

// The server hears a close frame, not a broken connection, and the engine does not wait for its answer.
func TestWebSocketSaysGoodbye(t *testing.T) {
	status := make(chan websocket.StatusCode, 1)
	s := upgraded(t, func(ctx context.Context, c *websocket.Conn) {
		_, m, _ := c.Read(ctx)
		_ = c.Write(ctx, websocket.MessageText, m)
		_, _, err := c.Read(ctx)
		status <- websocket.CloseStatus(err)
	})
	cl := s.client(t)
	if r := cl.ask(&Request{KeepAlive: true, Deadline: clock.Now().Add(10 * time.Second)}); r.Failure != results.Answered {
		t.Fatal(r.Err)
	}
	cl.engine.Release(0)
	if got := <-status; got != websocket.StatusNormalClosure {
		t.Errorf("the server heard %d", got)
	}
}

// Messages of one step share the user's connection and are answered in their order.
func TestLanesShareAWebSocket(t *testing.T) {
	s := upgraded(t, func(ctx context.Context, c *websocket.Conn) {
		for {
			var said [][]byte
			for range 3 {
				_, m, err := c.Read(ctx)
				if err != nil {
					return
				}
				said = append(said, m)
			}
			for _, m := range said {
				_ = c.Write(ctx, websocket.MessageText, m)
			}
		}
	})
	s.e.Balancer.Identify.Body = "Seq: ([0-9]+)"
	cl := s.client(t)
	for range 5 {
		for lane := range uint32(3) {
			cl.engine.Send(&Request{KeepAlive: true, Lane: lane, Seq: 70 + lane, Deadline: clock.Now().Add(20 * time.Second)})
		}
		for _, r := range cl.gather(3) {
			if r.Failure != results.Answered || r.Conn != 1 || string(r.Answer.Instance) != fmt.Sprint(r.Seq) {
				t.Errorf("failure %d (%v) on connection %d, %d was answered %s", r.Failure, r.Err, r.Conn, r.Seq, r.Answer.Instance)
			}
		}
	}
}
