package store

import (
	"context"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// Memory keeps records in this process, as a stateful application does: they die with it.
type Memory struct {
	ttl   time.Duration
	now   func() clock.Time
	mu    sync.Mutex
	all   map[string]held
	sweep clock.Time // when expired records are next thrown out
}

type held struct {
	record  Record
	expires clock.Time
}

var _ Store = (*Memory)(nil)

// NewMemory is an empty store.
func NewMemory(ttl time.Duration) *Memory {
	return &Memory{ttl: ttl, now: clock.Now, all: map[string]held{}}
}

// Load never fails.
func (m *Memory) Load(ctx context.Context, id string) (Record, bool, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, false, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, found := m.get(id)
	if found {
		m.put(id, r)
	}
	return r, found, nil
}

// Update never fails.
func (m *Memory) Update(ctx context.Context, id string, change func(Record, bool) Record) (before, after Record, err error) {
	if err := ctx.Err(); err != nil {
		return before, after, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before, found := m.get(id)
	after = change(before, found)
	m.put(id, after)
	return before, after, nil
}

// Snapshot copies the records that have not expired.
func (m *Memory) Snapshot() map[string]Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	records := map[string]Record{}
	for id := range m.all {
		if r, found := m.get(id); found {
			records[id] = r
		}
	}
	return records
}

// Restore adds what Snapshot gave; each record's life begins anew.
func (m *Memory) Restore(records map[string]Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, r := range records {
		m.put(id, r)
	}
}

// Close does nothing.
func (m *Memory) Close() error { return nil }

func (m *Memory) get(id string) (Record, bool) {
	h, ok := m.all[id]
	if !ok || (m.ttl > 0 && m.now() >= h.expires) {
		return Record{}, false
	}
	return h.record, true
}

func (m *Memory) put(id string, r Record) {
	now := m.now()
	m.all[id] = held{r, now.Add(m.ttl)}
	if m.ttl > 0 && now >= m.sweep {
		m.evict(now)
		m.sweep = now.Add(m.ttl)
	}
}

// evict runs once a TTL, so that its cost is spread over that many writes.
func (m *Memory) evict(now clock.Time) {
	for id, h := range m.all {
		if now >= h.expires {
			delete(m.all, id)
		}
	}
}
