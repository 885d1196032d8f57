package store

import (
	"context"
	"sync"
)

// link is one connection: its protocol and the line that it runs over.
type link struct {
	conn conn
	line *line
}

// mostLinks is how many connections an instance holds; more requests at once wait for one.
const mostLinks = 64

// pool hands out connections, the one used last first.
type pool struct {
	open  func(context.Context) (*link, error)
	slots chan struct{}

	mu   sync.Mutex
	idle []*link
}

func newPool(open func(context.Context) (*link, error)) *pool {
	return &pool{open: open, slots: make(chan struct{}, mostLinks)}
}

// take waits for a connection and opens one if none is idle.
func (p *pool) take(ctx context.Context) (*link, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if l := p.pop(); l != nil {
		return l, nil
	}
	l, err := p.open(ctx)
	if err != nil {
		<-p.slots
	}
	return l, err
}

func (p *pool) pop() *link {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	l := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return l
}

// give takes a connection back.
func (p *pool) give(l *link) {
	p.mu.Lock()
	p.idle = append(p.idle, l)
	p.mu.Unlock()
	<-p.slots
}

// discard takes a connection back that is of no use any more.
func (p *pool) discard(l *link) {
	l.close()
	<-p.slots
}

// distrust discards a connection that broke, and the idle ones with it: when a server restarts, all of
// them are dead, and each would fail one more request.
func (p *pool) distrust(l *link) {
	p.drop()
	p.discard(l)
}

func (p *pool) drop() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, l := range idle {
		l.close()
	}
}

// close waits until every connection is back; the pool is of no use afterwards.
func (p *pool) close() {
	for range mostLinks {
		p.slots <- struct{}{}
	}
	p.drop()
}

// close cuts the line before the protocol's farewell, which a server that is gone would not answer.
func (l *link) close() {
	_ = l.line.Close() // may be closed already
	l.conn.close()
}
