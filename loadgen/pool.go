package loadgen

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// place is where a connection belongs.
type place struct {
	slot, lane uint32
	pool       uint8 // 0 = the slot's own; otherwise slot is only a number within the pool
}

// anySlot asks for whatever place of a shared pool is free.
const anySlot = math.MaxUint32

// conn is a connection and who uses it.
type conn struct {
	link   link // nil until ready
	err    error
	ready  chan struct{} // closed when link or err is there
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
	sizes       []int // of the shared pools

	mu      sync.Mutex // guards what follows
	kept    map[place]*conn
	lanes   uint32 // no lane so high was seen yet
	numbers uint32
}

func newPool(idleTimeout time.Duration, sizes []int) *pool {
	return &pool{idleTimeout: idleTimeout, sizes: sizes, kept: map[place]*conn{}}
}

// take gives r the connection kept at its place if it fits and lives, or a fresh one that the caller must open.
func (p *pool) take(at place, r *Request, owner netip.Addr) (c *conn, fresh bool) {
	c, fresh, gone := p.replace(at, r, owner)
	if gone != nil {
		gone.close()
	}
	return c, fresh
}

func (p *pool) replace(at place, r *Request, owner netip.Addr) (c *conn, fresh bool, gone *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	keep := r.KeepAlive
	if at.slot == anySlot {
		at, keep = p.vacant(at.pool)
	}
	c = p.kept[at]
	if c == nil || !keep || c.source != owner || c.link != nil && !c.link.alive() {
		gone = p.retire(c)
		c, fresh = p.fresh(at, keep, owner), true
	}
	c.busy++
	if c.idle != nil {
		c.idle.Stop()
		c.idle = nil
	}
	return c, fresh, gone
}

// vacant finds a place of a shared pool that nobody uses, best one with a connection. With all of them in
// use keep is false: the connection is closed after its request, as proxies do.
func (p *pool) vacant(number uint8) (at place, keep bool) {
	at = place{pool: number, slot: anySlot}
	for slot := range uint32(p.sizes[number]) {
		here := place{pool: number, slot: slot}
		if c := p.kept[here]; c == nil {
			at, keep = here, true
		} else if c.busy == 0 {
			return here, true
		}
	}
	return at, keep
}

func (p *pool) fresh(at place, keep bool, owner netip.Addr) *conn {
	p.numbers++
	c := &conn{place: at, source: owner, number: p.numbers, stale: !keep, ready: make(chan struct{})}
	if keep {
		p.kept[at] = c
		p.lanes = max(p.lanes, at.lane+1)
	}
	return c
}

// opened is called once for a fresh connection.
func (p *pool) opened(c *conn, l link, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.link, c.err = l, err
	close(c.ready)
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
		if c := p.retire(p.kept[place{slot: slot, lane: lane}]); c != nil {
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
		p.retire(c).close()
	}
}
