package loadgen

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// portable is the engine for every system and every protocol: a goroutine per request in flight.
type portable struct {
	settings
	dialer
	template template
	open     opener
	pool     *pool
	ctx      context.Context
	cancel   context.CancelFunc
	wait     *waiter
	flying   sync.WaitGroup
	closed   bool

	mu   sync.Mutex // guards what follows
	done []*Request
}

// newPortable is called on the goroutine that will call Wait.
func newPortable(s settings) (*portable, error) {
	p := &portable{settings: s, dialer: newDialer(s), template: newTemplate(s.target), pool: newPool(s.idleTimeout)}
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

// exchange gets r a connection and an answer.
func (p *portable) exchange(r *Request) {
	ctx, cancel := context.WithDeadline(p.ctx, r.Deadline.Wall())
	defer cancel()
	c, fresh := p.pool.take(place{r.Slot, r.Lane}, r)
	r.Conn, r.ConnNew, r.Sent = c.number, fresh, clock.Now()
	if err := p.connect(ctx, c, r); err != nil {
		r.Done = clock.Now()
		p.fail(ctx, r, err, true)
		p.pool.leave(c, false)
		return
	}
	keep, err := c.link.exchange(ctx, r)
	r.Done = clock.Now()
	if err != nil {
		p.fail(ctx, r, err, false)
	}
	p.pool.leave(c, keep)
}

// connect opens c when it is new.
func (p *portable) connect(ctx context.Context, c *conn, r *Request) error {
	if !r.ConnNew {
		return nil
	}
	if p.connectTimeout > 0 {
		limited, cancel := context.WithTimeout(ctx, p.connectTimeout)
		defer cancel()
		ctx = limited
	}
	link, err := p.open(ctx, r)
	if err == nil {
		r.Connect = clock.Now().Sub(r.Sent)
	}
	p.pool.opened(c, link)
	return err
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

// link is one connection in the language of its protocol.
type link interface {
	// exchange sends r and fills in its result; keep is false when the connection is of no more use.
	exchange(ctx context.Context, r *Request) (keep bool, err error)
	alive() bool // can take another request
	Close() error
}

// opener opens a connection for r.
type opener func(ctx context.Context, r *Request) (link, error)

func (p *portable) opener() opener {
	return p.openHTTP1
}

// limitFirstByte makes c's next read fail when nothing comes in time.
func (s *settings) limitFirstByte(c interface{ SetReadDeadline(time.Time) error }) {
	if s.firstByteTimeout > 0 {
		_ = c.SetReadDeadline(time.Now().Add(s.firstByteTimeout)) // a closed connection says so at the read
	}
}
