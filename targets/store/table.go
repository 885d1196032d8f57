package store

import (
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// table keeps values in this process, each for ttl after its last use; 0 means for ever.
type table[V any] struct {
	ttl   time.Duration
	now   func() clock.Time
	mu    sync.Mutex // holders lock it over several calls
	all   map[string]held[V]
	sweep clock.Time // when expired values are next thrown out
}

type held[V any] struct {
	value   V
	expires clock.Time
}

func newTable[V any](ttl time.Duration) table[V] {
	return table[V]{ttl: ttl, now: clock.Now, all: map[string]held[V]{}}
}

func (t *table[V]) get(id string) (v V, found bool) {
	h, ok := t.all[id]
	if !ok || (t.ttl > 0 && t.now() >= h.expires) {
		return v, false
	}
	return h.value, true
}

func (t *table[V]) put(id string, v V) {
	now := t.now()
	t.all[id] = held[V]{v, now.Add(t.ttl)}
	if t.ttl > 0 && now >= t.sweep {
		t.evict(now)
		t.sweep = now.Add(t.ttl)
	}
}

// evict runs once a TTL, so that its cost is spread over that many writes.
func (t *table[V]) evict(now clock.Time) {
	for id, h := range t.all {
		if now >= h.expires {
			delete(t.all, id)
		}
	}
}

// take removes a value.
func (t *table[V]) take(id string) (v V, found bool) {
	v, found = t.get(id)
	delete(t.all, id)
	return v, found
}
