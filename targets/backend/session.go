package backend

import (
	"context"
	"strings"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/store"
)

// ballast is what an application would keep: text that neither a codec nor a server can shorten to
// nothing.
func ballast(bytes int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	var b strings.Builder
	for n := range bytes {
		b.WriteByte(letters[(n*n+n/7)%len(letters)])
	}
	return b.String()
}

// session loads or creates the record, applies a write, and makes up the number of operations.
func (i *instance) session(ctx context.Context, a *store.Access, s *results.Serve) (record store.Record, err error) {
	start := clock.Now()
	before, record, calls, err := i.use(ctx, a, s)
	s.Origin, s.VersionBefore = a.Origin, before.Version
	for ; err == nil && calls < i.o.Session.Operations; calls++ {
		_, _, err = i.store.Load(ctx, a)
	}
	if s.Lookups = a.Operations; s.Lookups > 0 {
		s.StoreTime, s.Spans = clock.Now().Sub(start), a.Spans
	}
	if err != nil { // whether a failed write took effect is unknown: claim no state
		record, s.Origin, s.VersionBefore = store.Record{}, results.None, 0
	}
	s.Epoch, s.Version, s.Head = record.Epoch, record.Version, record.Head
	return record, err
}

// use reads or writes the record; calls counts the operations that the application asked for.
func (i *instance) use(ctx context.Context, a *store.Access, s *results.Serve) (before, after store.Record, calls int, err error) {
	if !s.Write && !a.New && !i.o.Session.WriteThrough {
		after, found, err := i.store.Load(ctx, a)
		if calls = 1; err != nil || found {
			return after, after, calls, err
		}
		a.New = true // it was just seen that none is there
	}
	if calls++; !a.New {
		calls++ // load and save
	}
	before, after, err = i.store.Update(ctx, a, func(old store.Record, had bool) store.Record { return i.next(old, had, s) })
	return before, after, calls, err
}

// next is the record after this request.
func (i *instance) next(old store.Record, had bool, s *results.Serve) store.Record {
	if !had {
		old = store.Record{Owner: s.ID, Epoch: random(), Data: i.data}
	}
	if s.Write {
		old.Version++
		old.Head = wire.Head(old.Head, old.Version, s.Nonce)
	}
	return old
}
