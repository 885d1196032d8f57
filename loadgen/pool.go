package loadgen

import (
	"net/netip"
	"sync"
	"time"
)

// place is where a connection belongs.
type place struct{ slot, lane uint32 }

// conn is a connection and who uses it.
type conn struct {
	link   link // nil until opened
	place  place
	source netip.Addr
	number uint32
	busy   int         // requests that use it
	stale  bool        // to be closed after the last of them
	idle   *time.Timer // nil = in use, or kept for ever
}

func (c *conn) close() {
	if c.link != nil {
		_ = c.link.Close() // nothing in flight depends on it
	}
}

// pool keeps the connections between requests.
type pool struct {
	idleTimeout time.Duration

	mu      sync.Mutex // guards what follows
	kept    map[place]*conn
	lanes   uint32 // no lane so high was seen yet
	numbers uint32
}

func newPool(idleTimeout time.Duration) *pool {
	return &pool{idleTimeout: idleTimeout, kept: map[place]*conn{}}
}

// take gives r the connection kept at its place if it fits and lives, or a fresh one that the caller must open.
func (p *pool) take(at place, r *Request) (c *conn, fresh bool) {
	c, fresh, gone := p.replace(at, r)
	if gone != nil {
		gone.close()
	}
	return c, fresh
}

func (p *pool) replace(at place, r *Request) (c *conn, fresh bool, gone *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c = p.kept[at]
	if c == nil || !r.KeepAlive || c.source != r.Source || !c.link.alive() {
		gone = p.retire(c)
		p.numbers++
		c, fresh = &conn{place: at, source: r.Source, number: p.numbers, stale: !r.KeepAlive}, true
		p.lanes = max(p.lanes, at.lane+1)
	}
	c.busy++
	if c.idle != nil {
		c.idle.Stop()
		c.idle = nil
	}
	return c, fresh, gone
}

// opened is called once for a fresh connection; link is nil when it could not be opened.
func (p *pool) opened(c *conn, l link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.link = l
	if l != nil && !c.stale {
		p.kept[c.place] = c
	}
}

// retire forgets c and gives it back when it can be closed now.
func (p *pool) retire(c *conn) *conn {
	if c == nil {
		return nil
	}
	c.stale = true
	if p.kept[c.place] == c {
		delete(p.kept, c.place)
	}
	if c.busy > 0 {
		return nil
	}
	if c.idle != nil {
		c.idle.Stop()
	}
	return c
}

// leave ends one use of c; without keep it serves nobody else.
func (p *pool) leave(c *conn, keep bool) {
	p.mu.Lock()
	c.busy--
	var gone *conn
	switch {
	case c.stale || !keep:
		gone = p.retire(c)
	case c.busy == 0 && p.idleTimeout > 0:
		c.idle = time.AfterFunc(p.idleTimeout, func() { p.drop(c) })
	}
	p.mu.Unlock()
	if gone != nil {
		gone.close()
	}
}

// drop closes c unless it is in use again.
func (p *pool) drop(c *conn) {
	p.mu.Lock()
	var gone *conn
	if c.busy == 0 && p.kept[c.place] == c {
		gone = p.retire(c)
	}
	p.mu.Unlock()
	if gone != nil {
		gone.close()
	}
}

// release closes what is kept for a slot.
func (p *pool) release(slot uint32) {
	p.mu.Lock()
	var gone []*conn
	for lane := range p.lanes {
		if c := p.retire(p.kept[place{slot, lane}]); c != nil {
			gone = append(gone, c)
		}
	}
	p.mu.Unlock()
	for _, c := range gone {
		c.close()
	}
}

// close is called when nothing is in flight.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.kept {
		p.retire(c)
		c.close()
	}
}
