package store

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// line is a connection to a server that lies further away than it really does: the first answer to
// each request is handed on a round trip later. It serves one operation at a time.
type line struct {
	net.Conn
	trip func() time.Duration

	mu       sync.Mutex // a client library may read from a goroutine of its own
	ctx      context.Context
	asked    bool // a request went out that has no answer yet
	travels  int
	injected time.Duration // in this operation
	late     time.Duration // worst of its trips, beyond what was drawn
}

// begin starts the account of an operation; its trips end early with ctx.
func (l *line) begin(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ctx, l.asked, l.travels, l.injected, l.late = ctx, false, 0, 0, 0
}

// end tells what was injected since begin.
func (l *line) end() (injected, late time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.injected, l.late
}

func (l *line) Write(b []byte) (int, error) {
	l.mu.Lock()
	l.asked = true
	l.mu.Unlock()
	return l.Conn.Write(b)
}

func (l *line) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.travel()
	}
	return n, err
}

// travel waits for the round trip after the answer has come: it adds to the server's time.
func (l *line) travel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.asked {
		return
	}
	l.asked = false
	trip, start := l.trip(), clock.Now()
	if trip <= 0 {
		return
	}
	if clock.SleepUntil(l.ctx, start.Add(trip)) != nil {
		return // the operation has ended: nothing was measured
	}
	took := clock.Now().Sub(start)
	l.injected += took
	l.late = max(l.late, took-trip)
}
