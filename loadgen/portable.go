package loadgen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
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
	ctx      context.Context
	cancel   context.CancelFunc
	wait     *waiter
	flying   sync.WaitGroup
	numbers  atomic.Uint32
	closed   bool

	mu   sync.Mutex // guards what follows
	kept map[place][]*conn
	done []*Request
}

// place is where a kept connection belongs.
type place struct {
	slot, lane uint32
	pool       uint8
}

func placeOf(r *Request) place {
	if r.Pool > 0 {
		return place{pool: r.Pool}
	}
	return place{slot: r.Slot, lane: r.Lane}
}

// newPortable is called on the goroutine that will call Wait.
func newPortable(s settings) (*portable, error) {
	p := &portable{settings: s, template: newTemplate(s), kept: map[place][]*conn{}}
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
		c := p.take(place{slot: slot, lane: lane})
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
		for c := p.take(at); c != nil; c = p.take(at) {
			c.Close()
		}
	}
	return p.wait.close()
}

// take gives the connection that was kept last.
func (p *portable) take(at place) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.kept[at])
	if n == 0 {
		return nil
	}
	c := p.kept[at][n-1]
	p.forget(at, n-1)
	if c.idle != nil {
		c.idle.Stop()
	}
	return c
}

// forget takes the i-th kept connection out of its place.
func (p *portable) forget(at place, i int) {
	if p.kept[at] = slices.Delete(p.kept[at], i, i+1); len(p.kept[at]) == 0 {
		delete(p.kept, at)
	}
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
	p.keep(placeOf(r), c)
}

// keep holds the connection for the next request, for as long as the idle time-out allows; a full pool
// closes it, as proxies do.
func (p *portable) keep(at place, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.pool > 0 && len(p.kept[at]) >= p.pools[at.pool] {
		c.Close()
		return
	}
	p.kept[at] = append(p.kept[at], c)
	if p.idleTimeout > 0 {
		c.idle = time.AfterFunc(p.idleTimeout, func() { p.drop(at, c) })
	}
}

// drop closes c unless it is in use again.
func (p *portable) drop(at place, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.kept[at], c); i >= 0 {
		p.forget(at, i)
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
	if c := p.take(placeOf(r)); c != nil {
		if c.source == p.owner(r) && r.KeepAlive && !c.readable() {
			r.Conn = c.number
			return c, nil
		}
		c.Close()
	}
	r.Conn, r.ConnNew = p.numbers.Add(1), true
	r.Sent = clock.Now()
	d := net.Dialer{Control: bindLate, Timeout: p.connectTimeout}
	if local := p.local(r); local.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: local.AsSlice()}
	}
	raw, err := d.DialContext(ctx, "tcp", p.address.String())
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, raw: raw, source: p.owner(r), number: r.Conn}
	if err := p.introduce(raw, r); err != nil {
		raw.Close()
		return nil, err
	}
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

// introduce writes what a new connection begins with.
func (p *portable) introduce(raw net.Conn, r *Request) error {
	preface, err := p.preface(nil, r)
	if err != nil || len(preface) == 0 {
		return err
	}
	_, err = raw.Write(preface)
	return err
}

// conn is one connection of a user or pool.
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
	c.response.begin(r, body)
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
