package store

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// A library may dial while its caller gives up, or later: whoever comes first, no connection stays.
func TestNothingStaysOfACutOpening(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 200 {
		o := &opening{ctx: t.Context(), trips: func() func() time.Duration { return func() time.Duration { return 0 } }}
		dialled := make(chan net.Conn, 1)
		go func() {
			c, err := o.dial(t.Context(), "tcp", l.Addr().String())
			if err != nil && !errors.Is(err, errReconnect) {
				t.Error(err)
			}
			dialled <- c
		}()
		o.cut()
		if c := <-dialled; c != nil {
			if _, err := c.Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
				t.Fatalf("a line was left open: %v", err)
			}
		}
	}
	late := &opening{ctx: t.Context()}
	late.cut()
	if c, err := late.dial(t.Context(), "tcp", l.Addr().String()); c != nil || !errors.Is(err, errReconnect) {
		t.Errorf("dialled after the end: %v, %v", c, err)
	}
}

// lateServer is a client library that dials only once its caller has given up.
type lateServer struct{ dialled chan error }

func (s lateServer) connect(ctx context.Context, dial dialer) (conn, error) {
	<-ctx.Done()
	go func() {
		_, err := dial(context.WithoutCancel(ctx), "tcp", "127.0.0.1:1")
		s.dialled <- err
	}()
	return nil, ctx.Err()
}

func (lateServer) close() error { return nil }

func TestALateDialIsRefused(t *testing.T) {
	s := lateServer{make(chan error, 1)}
	r := newRemote(s, codec{}, Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := r.Load(ctx, named(t, "x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := <-s.dialled; !errors.Is(err, errReconnect) {
		t.Errorf("a late dial: %v", err)
	}
}
