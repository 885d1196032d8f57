package loadgen

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// portable is the engine for every system and every protocol: a goroutine per request in flight.
type portable struct {
	dialer
	template template
	open     opener
	pool     *pool
	ctx      context.Context
	cancel   context.CancelFunc
	wait     *waiter
	flying   sync.WaitGroup
	turn     atomic.Uint32 // of the shared connections
	closed   bool

	mu   sync.Mutex // guards what follows
	done []*Request
}

// newPortable is called on the goroutine that will call Wait.
func newPortable(s settings) (*portable, error) {
	p := &portable{dialer: newDialer(s), template: newTemplate(s), pool: newPool(s.idleTimeout, s.pools)}
	p.open = p.opener()
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
	p.pool.release(slot)
	p.tickets.forget(slot)
}

func (p *portable) Close() error {
	p.cancel()
	p.flying.Wait()
	p.closed = true
	p.pool.close()
	return p.wait.close()
}

// exchange gets r an answer.
func (p *portable) exchange(r *Request) {
	ctx, cancel := context.WithDeadline(p.ctx, r.Deadline.Wall())
	defer cancel()
	at := p.place(r)
	for !p.attempt(ctx, at, r) {
	}
}

// attempt gets r a connection and an answer. It is false when a kept connection ended before it took
// anything of r, and another must be tried.
func (p *portable) attempt(ctx context.Context, at place, r *Request) bool {
	c, fresh := p.pool.take(at, r, p.owner(r))
	r.Conn, r.ConnNew, r.Replica, r.Sent = c.number, fresh, c.replica, clock.Now()
	if err := p.connect(ctx, c, r); err != nil {
		r.Done = clock.Now()
		p.fail(ctx, r, err, true)
		p.pool.leave(c, false)
		return true
	}
	keep, err := c.link.exchange(ctx, r)
	r.Done = clock.Now()
	unused := errors.Is(err, errUnused) // by others it may be in use for a while
	p.pool.leave(c, keep && !unused)
	if unused && !fresh && ctx.Err() == nil {
		return false
	}
	if err != nil {
		p.fail(ctx, r, err, false)
	}
	return true
}

// place is where r's connection belongs: a lane has its own where a connection carries one request at a time.
func (p *portable) place(r *Request) place {
	multiplexed := p.protocol == profiles.HTTP2 || p.protocol == profiles.HTTP3
	switch {
	case r.Pool > 0 && multiplexed:
		return place{pool: r.Pool, slot: p.turn.Add(1) % uint32(p.pools[r.Pool])}
	case r.Pool > 0:
		return place{pool: r.Pool, slot: anySlot}
	case multiplexed, p.protocol == profiles.WebSocket:
		return place{slot: r.Slot}
	}
	return place{slot: r.Slot, lane: r.Lane}
}

// connect opens c when it is new, or waits for whoever does.
func (p *portable) connect(ctx context.Context, c *conn, r *Request) error {
	switch {
	case r.ConnNew:
		link, err := p.limitedOpen(ctx, r)
		p.pool.opened(c, link, err)
	case c.isReady():
		return c.err
	default:
		select {
		case <-c.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if c.err == nil {
		r.Connect = clock.Now().Sub(r.Sent)
	}
	return c.err
}

func (p *portable) limitedOpen(ctx context.Context, r *Request) (link, error) {
	if p.connectTimeout > 0 {
		limited, cancel := context.WithTimeout(ctx, p.connectTimeout)
		defer cancel()
		ctx = limited
	}
	return p.open(ctx, r)
}

func (p *portable) fail(ctx context.Context, r *Request, err error, connecting bool) {
	r.Failure, r.Err = p.classify(ctx, err, connecting), err
	if r.Failure == results.Dropped {
		r.Sent = 0
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

// errUnused is a kept connection that ended before a byte of the request was written.
var errUnused = errors.New("the connection ended before the request was sent")

// link is one connection in the language of its protocol.
type link interface {
	// exchange sends r and fills in its result; keep is false when the connection is of no more use.
	exchange(ctx context.Context, r *Request) (keep bool, err error)
	alive() bool // can take another request, for all we know
	Close() error
}

// opener opens a connection for r.
type opener func(ctx context.Context, r *Request) (link, error)

func (p *portable) opener() opener {
	switch p.protocol {
	case profiles.HTTP2:
		return newHTTP2(p).open
	case profiles.HTTP3:
		return p.openHTTP3
	case profiles.WebSocket:
		return p.openTalk
	case profiles.Events:
		p.template = p.template.with(accept)
		return p.openEvents
	}
	return p.openHTTP1
}
