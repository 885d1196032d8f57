// Package store holds session state: in this process, in this and a peer's, in Redis, memcached or
// PostgreSQL, or in this process in front of one of those.
//
// Every implementation passes one contract suite. Update is atomic: two instances that write one
// session at the same time both take effect. An operation on a server is exactly one round trip, and
// says where its time went:
//
//	a := store.Access{ID: "7f3a"}
//	record, found, err := s.Load(ctx, &a)
//	// a.Operations == 1, a.RoundTrip is the server's and the network's own time, without a.Wait
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// Record is the state of one session: the oracle's evidence of its whole history, and ballast.
type Record struct {
	Owner   wire.SessionID `json:"owner"`          // the session that created it
	Epoch   uint64         `json:"epoch"`          // random, fresh with each record, never 0
	Version uint32         `json:"version"`        // writes applied
	Head    uint64         `json:"head"`           // wire.Head over them
	Data    string         `json:"data,omitempty"` // what the application keeps
}

// Access is one request's use of one record: what the store should know of it and, added up over
// the operations, what they did.
type Access struct {
	ID         string         // the application's session id
	New        bool           // the id was made by this request: no record can exist
	Origin     results.Origin // where the last operation found the record
	Operations uint16         // on a server, each one round trip
	Spans      results.StoreSpans
}

// Store keeps records by session id. Safe for concurrent use; an Access belongs to one request.
type Store interface {
	// Load reads a record and extends its life; found is false for one that is absent or expired.
	Load(ctx context.Context, a *Access) (r Record, found bool, err error)
	// Update replaces the record by change(record, found) in one atomic step. Change may be called
	// more than once. It returns the record before and after.
	Update(ctx context.Context, a *Access, change func(r Record, found bool) Record) (before, after Record, err error)
	// Closer releases connections. The records stay where they are.
	io.Closer
}

// ErrBusy is an update that kept losing against other writers.
var ErrBusy = errors.New("session is written by too many at once")

// ErrTooLarge is a record beyond what every store takes: memcached's items end at 1 MB.
var ErrTooLarge = errors.New("session is too large")

// mostBytes leaves room for memcached's own header of an item.
const mostBytes = 1<<20 - 4096

// Options say which store to open and how to reach it.
type Options struct {
	Use      string            `json:"use"`      // "" or "memory", "replicated", or the URL of a server
	Cached   bool              `json:"cached"`   // keep local copies in front of the server
	TTL      time.Duration     `json:"ttl"`      // lifetime after the last use; 0 = for ever
	Codec    string            `json:"codec"`    // "json" (also ""), "gob" or "msgpack"
	Distance profiles.Distance `json:"distance"` // injected round trip
	Seed     uint64            `json:"seed"`     // of the distance
}

// Open opens a store of this process or on a running server, to which it connects when first used.
func Open(o Options) (Store, error) {
	switch o.Use {
	case "", "memory":
		return NewMemory(o.TTL), nil
	case "replicated":
		return NewReplicated(o), nil
	}
	s, err := openServer(o)
	if err != nil {
		return nil, err
	}
	c, err := lookupCodec(o.Codec)
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	r := newRemote(s, c, o)
	if o.Cached {
		return newCache(r, o.TTL), nil
	}
	return r, nil
}

func openServer(o Options) (server, error) {
	scheme, _, _ := strings.Cut(o.Use, "://")
	switch scheme {
	case "redis", "rediss":
		return newRedis(o.Use, o.TTL)
	case "memcached":
		return newMemcached(o.Use, o.TTL)
	case "postgres", "postgresql":
		return newPostgres(o.Use, o.TTL)
	}
	return nil, fmt.Errorf("store %q is unknown; use memory, redis://HOST:PORT, memcached://HOST:PORT or postgres://USER@HOST:PORT/DATABASE", o.Use)
}
