package loadgen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/stickybench/stickybench/internal/clock"
)

// talk is a WebSocket: each request is a message, and the server answers them in their order.
type talk struct {
	transport
	socket   *websocket.Conn
	settings *settings
	instance []byte        // as the upgrade named it
	ended    chan struct{} // closed when the connection is
	why      error         // of the end

	mu    sync.Mutex // guards what follows, and the order of what is said
	asked []*message // whose answers have not begun
	out   []byte
}

// message is one answer of the server.
type message struct {
	begun chan struct{} // closed when at is there
	whole chan struct{} // closed when text or err is there
	at    clock.Time    // of the first byte
	text  []byte
	err   error
}

func newMessage() *message { return &message{begun: make(chan struct{}), whole: make(chan struct{})} }

// openTalk connects and upgrades. The upgrade carries r's cookies and brings the server's.
func (p *portable) openTalk(ctx context.Context, r *Request) (link, error) {
	c, err := p.dial(ctx, r)
	if err != nil {
		return nil, err
	}
	socket, answer, err := websocket.Dial(ctx, "http://"+p.target.Host+p.target.RequestURI(), p.upgrade(c, r))
	if err != nil {
		c.Close()
		return refused(answer, err)
	}
	r.Answer.headers(answer.Header)
	socket.SetReadLimit(maxMessage)
	t := &talk{transport: c, socket: socket, settings: &p.settings, instance: bytes.Clone(r.Answer.Instance),
		ended: make(chan struct{})}
	go t.listen()
	return t, nil
}

// maxMessage is how long an answer may be.
const maxMessage = 1 << 20

// upgrade asks over c, whose TLS, if any, is spoken already.
func (s *settings) upgrade(c net.Conn, r *Request) *websocket.DialOptions {
	h := http.Header{"User-Agent": {""}}
	if len(r.Cookie) > 0 {
		h.Set("Cookie", string(r.Cookie))
	}
	s.tell(h, r)
	return &websocket.DialOptions{HTTPHeader: h, HTTPClient: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: maxHeaderBytes,
			DialContext: func(context.Context, string, string) (net.Conn, error) { return c, nil }},
	}}
}

// refused: an answer with an error status is an answer, to be recorded as such; any other is no upgrade.
func refused(answer *http.Response, err error) (link, error) {
	switch {
	case answer == nil:
		return nil, fmt.Errorf("upgrading to WebSocket: %w", err)
	case answer.StatusCode < http.StatusBadRequest:
		return nil, malformed("no upgrade to WebSocket: %v", err)
	}
	return refusal(answer.StatusCode), nil
}

// refusal is a connection that was answered with this status instead of being upgraded.
type refusal uint16

func (s refusal) exchange(_ context.Context, r *Request) (keep bool, err error) {
	r.Status, r.FirstByte = uint16(s), clock.Now()
	return false, nil
}
func (s refusal) alive() bool  { return false }
func (s refusal) Close() error { return nil }

// listen reads also when nobody asks: pings want an answer, and a server that leaves is to be noticed.
func (t *talk) listen() {
	defer close(t.ended)
	for t.why == nil {
		_, body, err := t.socket.Reader(context.Background())
		if err != nil {
			t.why = blame(err)
			return
		}
		m := t.next()
		m.at = clock.Now()
		close(m.begun)
		if m.text, err = io.ReadAll(body); err != nil {
			t.why = blame(err)
			m.err = t.why
		}
		close(m.whole)
	}
}

// blame tells a server that breaks the rules, or sends more than maxMessage, from one that leaves.
func blame(err error) error {
	var network net.Error
	switch {
	case websocket.CloseStatus(err) >= 0, errors.As(err, &network), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	return malformed("%v", err)
}

// next is what the message that begins now answers; nobody's when nothing was asked.
func (t *talk) next() *message {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.asked) == 0 {
		return newMessage()
	}
	m := t.asked[0]
	t.asked = t.asked[1:]
	return m
}

func (t *talk) alive() bool {
	select {
	case <-t.ended:
		return false
	default:
		return true
	}
}

func (t *talk) exchange(ctx context.Context, r *Request) (keep bool, err error) {
	if !t.alive() {
		return false, errUnused
	}
	m, err := t.say(ctx, r)
	if err == nil {
		err = t.hear(ctx, m)
	}
	if err != nil {
		return false, err
	}
	r.FirstByte = m.at
	select {
	case <-m.whole:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if m.err != nil {
		return false, m.err
	}
	t.read(m.text, r)
	return true, nil
}

// say sends r and gives the place of its answer.
func (t *talk) say(ctx context.Context, r *Request) (*message, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := newMessage()
	t.asked = append(t.asked, m)
	t.out = appendMessage(t.out[:0], r)
	return m, t.socket.Write(ctx, websocket.MessageText, t.out)
}

// hear waits for the first byte of the answer.
func (t *talk) hear(ctx context.Context, m *message) error {
	var late <-chan time.Time
	if limit := t.settings.firstByteTimeout; limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-m.begun:
		return nil
	case <-late:
		return os.ErrDeadlineExceeded
	case <-ctx.Done():
		return ctx.Err()
	case <-t.ended:
	}
	select {
	case <-m.begun: // said before leaving
		return nil
	default:
		return t.why
	}
}

// appendMessage writes r as the mock backend reads it: the method, then fields as in HTTP.
func appendMessage(b []byte, r *Request) []byte {
	method := "GET\r\n"
	if r.Write {
		method = "POST\r\n"
	}
	return append(appendIdentity(append(b, method...), r), "\r\n"...)
}

// read takes an answer: a status and fields from the mock backend, anything from anybody else.
func (t *talk) read(text []byte, r *Request) {
	r.Status = http.StatusOK
	r.Answer.Instance = append(r.Answer.Instance[:0], t.instance...)
	start, fields, _ := bytes.Cut(text, []byte("\n"))
	if status, err := strconv.ParseUint(string(bytes.TrimSpace(start)), 10, 16); err == nil {
		r.Status = uint16(status)
		r.Answer.lines(fields)
	}
	t.settings.name(&r.Answer, &sample{bytes: text})
}

// goodbye is a close frame with status 1000, masked with zeroes (RFC 6455 §5.5.1).
const goodbye = "\x88\x82\x00\x00\x00\x00\x03\xe8"

// Close says goodbye and does not wait for the reply: the next user is due.
func (t *talk) Close() error {
	_ = t.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = io.WriteString(t.transport, goodbye) // a server that is gone needs none
	err := t.socket.CloseNow()
	<-t.ended
	return err
}
