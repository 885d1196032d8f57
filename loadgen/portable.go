package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// portable is the engine for every system: a goroutine per request in flight.
type portable struct {
	settings
	template template
	address  string
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
func newPortable(s settings) (*portable, error) {
	p := &portable{settings: s, template: newTemplate(s.target), address: s.target.Host, kept: map[place]*conn{}}
	if s.target.Port() == "" {
		p.address = net.JoinHostPort(s.target.Hostname(), map[bool]string{true: "443", false: "80"}[s.target.Scheme == "https"])
	}
	var err error
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
	for at := range p.kept {
		p.take(at).Close()
	}
	return p.wait.close()
}

func (p *portable) take(at place) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.kept[at]
	delete(p.kept, at)
	if c != nil && c.idle != nil {
		c.idle.Stop()
	}
	return c
}

func (p *portable) exchange(r *Request) {
	ctx, cancel := context.WithDeadline(p.ctx, r.Deadline.Wall())
	defer cancel()
	c, err := p.connection(ctx, r)
	if err != nil {
		r.Failure, r.Err, r.Done = p.classify(ctx, err, true), err, clock.Now()
		if r.Failure == results.Dropped {
			r.Sent = 0
		}
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
	p.keep(place{r.Slot, r.Lane}, c)
}

// keep holds the connection for the next request, for as long as the idle time-out allows.
func (p *portable) keep(at place, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept[at] = c
	if p.idleTimeout > 0 {
		c.idle = time.AfterFunc(p.idleTimeout, func() { p.drop(at, c) })
	}
}

// drop closes c unless it is in use again.
func (p *portable) drop(at place, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept[at] == c {
		delete(p.kept, at)
		c.Close()
	}
}

func (p *portable) classify(ctx context.Context, err error, connecting bool) results.Failure {
	switch {
	case p.ctx.Err() != nil:
		return results.Canceled
	case errors.Is(err, errMalformed):
		return results.Malformed
	case connecting:
		return connectFailure(err)
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
	d := net.Dialer{Control: bindLate, Timeout: p.connectTimeout}
	if r.Source.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: r.Source.AsSlice()}
	}
	raw, err := d.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, raw: raw, source: r.Source, number: r.Conn}
	if p.target.Scheme == "https" {
		secure := tls.Client(raw, &tls.Config{ServerName: p.target.Hostname()})
		if err := secure.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, err
		}
		c.Conn = secure
	}
	c.in = make([]byte, 16<<10)
	r.Connect = clock.Now().Sub(r.Sent)
	return c, nil
}

// conn is one user's connection.
type conn struct {
	net.Conn
	raw      net.Conn
	source   netip.Addr
	number   uint32
	idle     *time.Timer // nil = kept for ever
	in, out  []byte
	response response
}

func (c *conn) exchange(p *portable, r *Request) (keep bool, err error) {
	c.out = p.template.append(c.out[:0], r)
	if !r.ConnNew {
		r.Sent = clock.Now()
	}
	if _, err = c.Write(c.out); err != nil {
		return false, err
	}
	var body *sample
	if p.body != nil {
		body = &sample{}
	}
	c.response.begin(&r.Answer, body)
	rest, err := c.read(p.firstByteTimeout, r)
	if err == nil {
		r.Status = c.response.status
		p.name(&r.Answer, body)
	}
	return !c.response.close && len(rest) == 0, err
}

// read feeds the answer until it is complete.
func (c *conn) read(limit time.Duration, r *Request) (rest []byte, err error) {
	if limit > 0 {
		_ = c.SetReadDeadline(time.Now().Add(limit)) // a closed connection says so at the read
	}
	for c.response.phase != complete {
		n, err := c.Read(c.in)
		if n > 0 && r.FirstByte == 0 {
			r.FirstByte = clock.Now()
			_ = c.SetReadDeadline(time.Time{})
		}
		var wrong error
		if rest, wrong = c.response.feed(c.in[:n]); wrong != nil {
			return nil, wrong
		}
		if err == io.EOF && !c.response.end() {
			return nil, errShort
		}
		if err != nil && c.response.phase != complete {
			return nil, err
		}
	}
	return rest, nil
}
