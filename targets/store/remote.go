package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// Remote keeps records on a server.
type Remote struct {
	server server
	codec  codec
	links  *pool
}

var _ Store = (*Remote)(nil)

// server is a kind of store; dial connects to an address of it.
type server interface {
	connect(ctx context.Context, dial dialer) (conn, error)
	close() error
}

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// conn is one connection, used by one operation at a time, each exactly one round trip.
type conn interface {
	// get reads a value with its stamp; found is false when none lives. It extends the value's life
	// unless stamped: memcached cannot do both.
	get(ctx context.Context, key string, stamped bool) (value []byte, stamp uint64, found bool, err error)
	// put replaces the value that has this stamp, or with stamp 0 adds one where none lives. Next is
	// the new stamp, 0 when the server does not tell.
	put(ctx context.Context, key string, value []byte, stamp uint64) (next uint64, saved bool, err error)
	close()
}

const (
	keyPrefix = "stickybench:session:"
	// attempts bounds how often an update is tried against other writers.
	attempts = 32
	// patience bounds one operation; load.timeout usually ends the request before.
	patience = 5 * time.Second
)

func newRemote(s server, c codec, o Options) *Remote {
	r := &Remote{server: s, codec: c}
	trips := newTrips(o)
	r.links = newPool(func(ctx context.Context) (*link, error) { return r.open(ctx, trips) })
	return r
}

// newTrips gives each connection a random stream of its own.
func newTrips(o Options) func() func() time.Duration {
	var connections atomic.Uint64
	return func() func() time.Duration { return o.Distance.Trips(profiles.NewRand(o.Seed, connections.Add(1))) }
}

// open connects; a pool calls it from several goroutines. The end of ctx cuts the attempt.
func (r *Remote) open(ctx context.Context, trips func() func() time.Duration) (*link, error) {
	o := &opening{ctx: ctx, trips: trips}
	uncut := context.AfterFunc(ctx, o.cut)
	c, err := r.server.connect(ctx, o.dial)
	if whole := uncut(); err == nil && whole {
		return &link{conn: c, line: o.end()}, nil
	}
	o.cut()
	if err == nil { // cut at the last moment
		c.close()
		err = ctx.Err()
	}
	return nil, err
}

// Load is one operation.
func (r *Remote) Load(ctx context.Context, a *Access) (record Record, found bool, err error) {
	record, _, found, err = r.get(ctx, a, false)
	return record, found, wrap("loading", err)
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s a session: %w", doing, err)
}

// Update is two operations, one for a new session; again when another writer came between.
func (r *Remote) Update(ctx context.Context, a *Access, change func(Record, bool) Record) (before, after Record, err error) {
	before, after, _, err = r.update(ctx, a, change)
	return before, after, err
}

// update is Update with the stamp of what was saved, 0 when the server does not tell.
func (r *Remote) update(ctx context.Context, a *Access, change func(Record, bool) Record) (before, after Record, next uint64, err error) {
	fresh := a.New
	for range attempts {
		var stamp uint64
		found := false
		if !fresh {
			if before, stamp, found, err = r.get(ctx, a, true); err != nil {
				return before, after, 0, wrap("loading", err)
			}
		}
		after = change(before, found)
		next, saved, err := r.put(ctx, a, after, stamp)
		if err != nil {
			return before, after, 0, wrap("saving", err)
		}
		if saved {
			a.Origin = origin(found)
			return before, after, next, nil
		}
		fresh = false
	}
	return before, after, 0, wrap("saving", ErrBusy)
}

func origin(found bool) results.Origin {
	if found {
		return results.Store
	}
	return results.None
}

// get reads and decodes; stamp is 0 when the record is absent.
func (r *Remote) get(ctx context.Context, a *Access, stamped bool) (record Record, stamp uint64, found bool, err error) {
	var value []byte
	err = r.operate(ctx, a, func(ctx context.Context, c conn) (err error) {
		value, stamp, found, err = c.get(ctx, keyPrefix+a.ID, stamped)
		return err
	})
	if a.Origin = origin(found); err != nil || !found {
		return record, 0, false, err
	}
	start := clock.Now()
	err = r.codec.decode(value, &record)
	a.Spans.Decode += clock.Now().Sub(start)
	return record, stamp, err == nil, err
}

// put encodes and writes.
func (r *Remote) put(ctx context.Context, a *Access, record Record, stamp uint64) (next uint64, saved bool, err error) {
	start := clock.Now()
	value, err := r.codec.encode(record)
	a.Spans.Encode += clock.Now().Sub(start)
	if err != nil {
		return 0, false, err
	}
	if len(value) > mostBytes {
		return 0, false, fmt.Errorf("%w: %d bytes, the most is %d", ErrTooLarge, len(value), mostBytes)
	}
	err = r.operate(ctx, a, func(ctx context.Context, c conn) (err error) {
		next, saved, err = c.put(ctx, keyPrefix+a.ID, value, stamp)
		return err
	})
	return next, saved, err
}

// operate runs one operation on a connection and accounts for its time. When ctx ends, the
// connection is cut: not every client library listens to a context.
func (r *Remote) operate(ctx context.Context, a *Access, do func(context.Context, conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	start := clock.Now()
	l, err := r.links.take(ctx)
	began := clock.Now()
	a.Spans.Wait += began.Sub(start)
	if err != nil {
		a.Operations++ // one that came to nothing
		return ended(ctx, err)
	}
	l.line.begin(ctx)
	uncut := context.AfterFunc(ctx, func() { _ = l.line.Close() })
	err = do(ctx, l.conn)
	whole := uncut()
	r.account(a, l, clock.Now().Sub(began))
	switch {
	case !whole:
		r.links.discard(l)
	case err != nil:
		r.links.distrust(l)
	default:
		r.links.give(l)
	}
	return ended(ctx, err)
}

func (r *Remote) account(a *Access, l *link, took time.Duration) {
	injected, late := l.line.end()
	if a.Operations == 0 {
		a.Spans.Trip = injected
	}
	a.Operations++
	a.Spans.RoundTrip += took - injected
	a.Spans.Late = max(a.Spans.Late, late)
}

// ended prefers the reason of the end over its symptom.
func ended(ctx context.Context, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded): // of the connection, set from ctx
		return context.DeadlineExceeded
	}
	return err
}

// Close waits for operations under way.
func (r *Remote) Close() error {
	r.links.close()
	return r.server.close()
}
