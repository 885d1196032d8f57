package store

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// errReconnect ends the attempt of a client library to open another connection behind our back.
var errReconnect = errors.New("the connection to the store is gone")

// opening is a connection that a client library is about to make, from a goroutine of its own and maybe
// only after it has given up.
type opening struct {
	ctx   context.Context
	trips func() func() time.Duration

	mu   sync.Mutex
	line *line
	over bool // nothing may be dialled any more
}

// dial is what the library calls in place of the net package's.
func (o *opening) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if o.isOver() {
		return nil, errReconnect
	}
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		_ = c.Close() // nobody waits for it
		return nil, errReconnect
	}
	o.line = &line{Conn: c, trip: o.trips(), ctx: o.ctx}
	return o.line, nil
}

func (o *opening) isOver() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.over
}

// end gives what was dialled last, nil if nothing was.
func (o *opening) end() *line {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	return o.line
}

// cut ends it and what it dialled.
func (o *opening) cut() {
	if l := o.end(); l != nil {
		_ = l.Close() // may be closed already
	}
}
