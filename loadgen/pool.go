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
	link    link // nil until ready
	err     error
	ready   chan struct{} // closed when link or err is there
	place   place
	source  netip.Addr
	number  uint32
	replica uint8       // of the target, that it leads to
	busy    int         // requests that use it
	stale   bool        // to be closed after the last of them
	idle    *time.Timer // nil = in use, or kept for ever
}

func (c *conn) isReady() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// pool keeps the connections between requests. Connections are closed beside everything else: saying goodbye takes
// a while in some protocols, and neither a shard nor a request may be late for it.
type pool struct {
	idleTimeout time.Duration
	sizes       []int // of the shared pools
	closing     sync.WaitGroup

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
	p.mu.Lock()
	defer p.mu.Unlock()
	keep := r.KeepAlive
	if at.slot == anySlot {
		at, keep = p.vacant(at.pool)
	}
	c = p.kept[at]
	if c == nil || !keep || c.source != owner || c.link != nil && !c.link.alive() {
		p.retire(c)
		c, fresh = p.fresh(at, keep, owner), true
		c.replica = r.Replica
	}
	c.busy++
	if c.idle != nil {
		c.idle.Stop()
		c.idle = nil
	}
	return c, fresh
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

// leave ends one use of c; without keep it serves nobody else.
func (p *pool) leave(c *conn, keep bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.busy--
	switch {
	case c.stale || !keep:
		p.retire(c)
	case c.busy == 0 && p.idleTimeout > 0:
		c.idle = time.AfterFunc(p.idleTimeout, func() { p.drop(c) })
	}
}

// drop closes c unless it is in use again.
func (p *pool) drop(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.busy == 0 && p.kept[c.place] == c {
		p.retire(c)
	}
}

// release closes what is kept for a slot.
func (p *pool) release(slot uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for lane := range p.lanes {
		p.retire(p.kept[place{slot: slot, lane: lane}])
	}
}

// close is called when nothing is in flight.
func (p *pool) close() {
	p.mu.Lock()
	for _, c := range p.kept {
		p.retire(c)
	}
	p.mu.Unlock()
	p.closing.Wait()
}

// retire forgets c, if any, and closes it when nobody uses it any more. The caller holds the lock.
func (p *pool) retire(c *conn) {
	if c == nil {
		return
	}
	c.stale = true
	if p.kept[c.place] == c {
		delete(p.kept, c.place)
	}
	if c.busy > 0 || c.link == nil {
		return
	}
	if c.idle != nil {
		c.idle.Stop()
	}
	p.closing.Go(func() { _ = c.link.Close() }) // nothing in flight depends on it
}
