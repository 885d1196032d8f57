package loadgen

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// portable is the engine for every system: a goroutine per request in flight.
type portable struct {
	url      *url.URL
	address  string
	identify profiles.Identify
	body     *regexp.Regexp
	ctx      context.Context
	cancel   context.CancelFunc
	wait     *waiter
	flying   sync.WaitGroup
	numbers  atomic.Uint32
	closed   bool

	mu   sync.Mutex // guards what follows
	kept map[place]*conn
	done []*Request
}

// place is where a kept connection belongs.
type place struct{ slot, lane uint32 }

// newPortable is called on the goroutine that will call Wait.
func newPortable(target *url.URL, identify profiles.Identify) (*portable, error) {
	p := &portable{url: target, address: target.Host, identify: identify, kept: map[place]*conn{}}
	if target.Port() == "" {
		p.address = net.JoinHostPort(target.Hostname(), map[bool]string{true: "443", false: "80"}[target.Scheme == "https"])
	}
	var err error
	if identify.Body != "" {
		if p.body, err = regexp.Compile(identify.Body); err != nil {
			return nil, fmt.Errorf("lb.identify.body: %w", err)
		}
	}
	if p.wait, err = newWaiter(); err != nil {
		return nil, err
	}
	p.wait.begin()
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

var _ Engine = (*portable)(nil)

func (p *portable) Now() clock.Time { return clock.Now() }

func (p *portable) Send(r *Request) {
	p.flying.Add(1)
	go func() {
		defer p.flying.Done()
		p.exchange(r)
		p.mu.Lock()
		p.done = append(p.done, r)
		first := len(p.done) == 1
		p.mu.Unlock()
		if first {
			p.wait.wake()
		}
	}()
}

func (p *portable) Wait(until clock.Time, done []*Request) []*Request {
	before := len(done)
	if done = p.collect(done); len(done) == before && !p.closed {
		p.wait.wait(until)
		done = p.collect(done)
	}
	return done
}

func (p *portable) collect(done []*Request) []*Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	done = append(done, p.done...)
	clear(p.done)
	p.done = p.done[:0]
	return done
}

func (p *portable) Release(slot uint32) {
	for lane := uint32(0); ; lane++ {
		c := p.take(place{slot, lane})
		if c == nil {
			return
		}
		c.Close()
	}
}

func (p *portable) Close() error {
	p.cancel()
	p.flying.Wait()
	p.closed = true
	for _, c := range p.kept {
		c.Close()
	}
	return p.wait.close()
}

func (p *portable) take(at place) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.kept[at]
	delete(p.kept, at)
	return c
}

func (p *portable) exchange(r *Request) {
	ctx, cancel := context.WithDeadline(p.ctx, r.Deadline.Wall())
	defer cancel()
	c, err := p.connection(ctx, r)
	if err != nil {
		r.Failure, r.Err, r.Done = p.classify(ctx, err, true), err, clock.Now()
		return
	}
	stop := context.AfterFunc(ctx, func() { c.raw.Close() })
	keep, err := c.exchange(p, r)
	r.Done = clock.Now()
	if err != nil {
		r.Failure, r.Err = p.classify(ctx, err, false), err
	}
	if !stop() || err != nil || !keep || !r.KeepAlive {
		c.Close()
		return
	}
	p.mu.Lock()
	p.kept[place{r.Slot, r.Lane}] = c
	p.mu.Unlock()
}

func (p *portable) classify(ctx context.Context, err error, connecting bool) results.Failure {
	switch {
	case p.ctx.Err() != nil:
		return results.Canceled
	case errors.Is(err, errMalformed):
		return results.Malformed
	case connecting && errors.Is(err, syscall.ECONNREFUSED):
		return results.ConnectRefused
	case connecting:
		return results.ConnectFailed
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return results.TimedOut
	}
	return results.Reset
}

// connection gives the kept connection if the server has not closed it, or a new one.
func (p *portable) connection(ctx context.Context, r *Request) (*conn, error) {
	if c := p.take(place{r.Slot, r.Lane}); c != nil {
		if c.source == r.Source && r.KeepAlive && !c.readable() {
			r.Conn = c.number
			return c, nil
		}
		c.Close()
	}
	r.Conn, r.ConnNew = p.numbers.Add(1), true
	r.Sent = clock.Now()
	d := net.Dialer{Control: bindLate}
	if r.Source.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: r.Source.AsSlice()}
	}
	raw, err := d.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, raw: raw, source: r.Source, number: r.Conn}
	if p.url.Scheme == "https" {
		secure := tls.Client(raw, &tls.Config{ServerName: p.url.Hostname()})
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, err
		}
		c.Conn = secure
	}
	c.reader = bufio.NewReaderSize(c.Conn, maxLine)
	return c, nil
}

// conn is one user's connection.
type conn struct {
	net.Conn
	raw    net.Conn
	reader *bufio.Reader
	source netip.Addr
	number uint32
	out    []byte
}

func (c *conn) exchange(p *portable, r *Request) (keep bool, err error) {
	c.out = appendRequest(c.out[:0], p.url, r)
	if !r.ConnNew {
		r.Sent = clock.Now()
	}
	if _, err = c.Write(c.out); err != nil {
		return false, err
	}
	if _, err = c.reader.Peek(1); err != nil {
		return false, err
	}
	r.FirstByte = clock.Now()
	body := io.Writer(io.Discard)
	sample := &sample{}
	if p.body != nil {
		body = sample
	}
	resp, err := readResponse(c.reader, &r.Answer, body)
	if err == nil {
		r.Status = resp.status
		p.name(&r.Answer, sample.bytes)
	}
	return !resp.close && c.reader.Buffered() == 0, err
}

// name applies the Identify body rule; headers and cookies are the shard's.
func (p *portable) name(a *Answer, body []byte) {
	if p.body == nil {
		return
	}
	if m := p.body.FindSubmatch(body); m != nil {
		a.Instance = append(a.Instance[:0], m[min(1, len(m)-1)]...)
	}
}

// sample keeps the first 64 KiB of a body.
type sample struct{ bytes []byte }

func (s *sample) Write(b []byte) (int, error) {
	s.bytes = append(s.bytes, b[:min(len(b), 64<<10-len(s.bytes))]...)
	return len(b), nil
}

func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n)
}

func appendRequest(b []byte, target *url.URL, r *Request) []byte {
	method := "GET "
	if r.Write {
		method = "POST "
	}
	b = append(append(append(b, method...), target.RequestURI()...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, target.Host...), "\r\n"...)
	if len(r.Cookie) > 0 {
		b = append(append(append(b, "Cookie: "...), r.Cookie...), "\r\n"...)
	}
	if r.Write {
		b = append(b, "Content-Length: 0\r\n"...)
	}
	if !r.KeepAlive {
		b = append(b, "Connection: close\r\n"...)
	}
	return fmt.Appendf(b, "%s: %d.%d\r\n%s: %d\r\n%s: %016x\r\n\r\n", wire.HeaderSession, r.ID.User, r.ID.Session,
		wire.HeaderSeq, r.Seq, wire.HeaderNonce, r.Nonce)
}
