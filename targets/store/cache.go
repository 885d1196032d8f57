package store

import (
	"context"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// Cache keeps copies in this process in front of a server, as a framework with sticky sessions and
// a backing store does. Reads cost no operation while the session stays; a write is checked against
// the server's version, so that none is lost when it does not.
type Cache struct {
	remote *Remote
	copies table[copied]
}

// copied is a record as the server has it under stamp.
type copied struct {
	record Record
	stamp  uint64     // 0 = the server did not tell
	asked  clock.Time // when the server's copy was last used
}

var _ Store = (*Cache)(nil)

func newCache(r *Remote, ttl time.Duration) *Cache { return &Cache{r, newTable[copied](ttl)} }

// Load asks the server only for what is not here, and twice a lifetime to keep its copy alive.
func (c *Cache) Load(ctx context.Context, a *Access) (Record, bool, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, false, err
	}
	if have, ok := c.copy(a.ID); ok && !c.due(have) {
		a.Origin = results.Local
		return have.record, true, nil
	}
	record, stamp, found, err := c.remote.get(ctx, a, false)
	if err != nil || !found {
		c.forget(a.ID)
		return Record{}, false, wrap("loading", err)
	}
	c.keep(a.ID, copied{record, stamp, c.copies.now()})
	return record, true, nil
}

// copy extends the life of the local copy.
func (c *Cache) copy(id string) (copied, bool) {
	c.copies.mu.Lock()
	defer c.copies.mu.Unlock()
	have, ok := c.copies.get(id)
	if ok {
		c.copies.put(id, have)
	}
	return have, ok
}

// due says whether the server's copy has gone without use for half its life.
func (c *Cache) due(have copied) bool {
	return c.copies.ttl > 0 && c.copies.now().Sub(have.asked) >= c.copies.ttl/2
}

// keep does not put back an older copy: a read may come home after a write that overtook it.
func (c *Cache) keep(id string, have copied) {
	c.copies.mu.Lock()
	defer c.copies.mu.Unlock()
	kept, ok := c.copies.get(id)
	if ok && kept.record.Epoch == have.record.Epoch && kept.record.Version > have.record.Version {
		return
	}
	c.copies.put(id, have)
}

func (c *Cache) forget(id string) {
	c.copies.mu.Lock()
	defer c.copies.mu.Unlock()
	c.copies.take(id)
}

// Update writes over the copy in one operation if the server still has that version; otherwise it
// does what the server's own update does.
func (c *Cache) Update(ctx context.Context, a *Access, change func(Record, bool) Record) (before, after Record, err error) {
	if have, ok := c.copy(a.ID); ok && have.stamp != 0 {
		after = change(have.record, true)
		next, saved, err := c.remote.put(ctx, a, after, have.stamp)
		if err != nil {
			c.forget(a.ID) // whether it took effect is unknown
			return before, after, wrap("saving", err)
		}
		if saved {
			c.keep(a.ID, copied{after, next, c.copies.now()})
			a.Origin = results.Local
			return have.record, after, nil
		}
	}
	c.forget(a.ID)
	before, after, next, err := c.remote.update(ctx, a, change)
	if err == nil {
		c.keep(a.ID, copied{after, next, c.copies.now()})
	}
	return before, after, err
}

// Close closes the server's connections.
func (c *Cache) Close() error { return c.remote.Close() }
