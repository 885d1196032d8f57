package store

import (
	"context"
	"fmt"
	"time"

	"github.com/stickybench/stickybench/results"
)

// Memory keeps records in this process, as a stateful application does: they die with it.
type Memory struct{ records table[Record] }

var _ Store = (*Memory)(nil)

// NewMemory is an empty store.
func NewMemory(ttl time.Duration) *Memory { return &Memory{newTable[Record](ttl)} }

// Load fails only when ctx has ended.
func (m *Memory) Load(ctx context.Context, a *Access) (Record, bool, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, false, err
	}
	m.records.mu.Lock()
	defer m.records.mu.Unlock()
	r, found := m.records.get(a.ID)
	if a.Origin = localOrigin(found); found {
		m.records.put(a.ID, r)
	}
	return r, found, nil
}

// Update fails when ctx has ended or the record is too large.
func (m *Memory) Update(ctx context.Context, a *Access, change func(Record, bool) Record) (before, after Record, err error) {
	if err := ctx.Err(); err != nil {
		return before, after, err
	}
	m.records.mu.Lock()
	defer m.records.mu.Unlock()
	before, found := m.records.get(a.ID)
	after = change(before, found)
	if len(after.Data) > mostBytes {
		return before, after, fmt.Errorf("saving a session: %w: %d bytes, the most is %d", ErrTooLarge, len(after.Data), mostBytes)
	}
	m.records.put(a.ID, after)
	a.Origin = localOrigin(found)
	return before, after, nil
}

// Snapshot copies the records that have not expired.
func (m *Memory) Snapshot() map[string]Record {
	m.records.mu.Lock()
	defer m.records.mu.Unlock()
	records := map[string]Record{}
	for id := range m.records.all {
		if r, found := m.records.get(id); found {
			records[id] = r
		}
	}
	return records
}

// Restore adds what Snapshot gave; each record's life begins anew.
func (m *Memory) Restore(records map[string]Record) {
	m.records.mu.Lock()
	defer m.records.mu.Unlock()
	for id, r := range records {
		m.records.put(id, r)
	}
}

func localOrigin(found bool) results.Origin {
	if found {
		return results.Local
	}
	return results.None
}

// Close does nothing.
func (m *Memory) Close() error { return nil }
