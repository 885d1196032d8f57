// Package store holds session state: in this process, or in Redis, memcached or PostgreSQL.
//
// Every implementation passes one contract suite. Update is atomic: two instances that write one
// session at the same time both take effect.
package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
)

// Record is the state of one session: the oracle's evidence of its whole history.
type Record struct {
	Owner   wire.SessionID `json:"owner"`   // the session that created it
	Epoch   uint64         `json:"epoch"`   // random, fresh with each record, never 0
	Version uint32         `json:"version"` // writes applied
	Head    uint64         `json:"head"`    // wire.Head over them
}

// Store keeps records by application session id. Safe for concurrent use.
type Store interface {
	// Load reads a record and extends its life; found is false for one that is absent or expired.
	Load(ctx context.Context, id string) (r Record, found bool, err error)
	// Update replaces the record by change(record, found) in one atomic step. Change may be called
	// more than once. It returns the record before and after.
	Update(ctx context.Context, id string, change func(r Record, found bool) Record) (before, after Record, err error)
	// Close releases connections. The records stay where they are.
	Close() error
}

// ErrBusy is an update that kept losing against other writers.
var ErrBusy = errors.New("session is written by too many at once")

// Open connects to use: "" or "memory" in this process, or the URL of a server. Records live for
// ttl after their last use; 0 means for ever.
func Open(use string, ttl time.Duration) (Store, error) {
	scheme, _, _ := strings.Cut(use, "://")
	switch scheme {
	case "", "memory":
		return NewMemory(ttl), nil
	case "redis", "rediss":
		return NewRedis(use, ttl)
	case "memcached":
		return NewMemcached(use, ttl)
	case "postgres", "postgresql":
		return NewPostgres(use, ttl)
	}
	return nil, fmt.Errorf("store %q is unknown; use memory, redis://HOST:PORT, memcached://HOST:PORT or postgres://USER@HOST:PORT/DATABASE", use)
}
