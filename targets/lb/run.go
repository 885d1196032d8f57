package lb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// readHeader is how long a client may take to send a head.
const readHeader = 10 * time.Second

// grace is how long requests in flight may take to finish at the end.
const grace = 2 * time.Second

// Run balances until ctx is done, then lets requests in flight finish. ready gets both URLs.
func Run(ctx context.Context, o Options, ready func(traffic, control string)) error {
	if err := o.validate(); err != nil {
		return err
	}
	account, err := o.openAccount()
	if err != nil {
		return err
	}
	traffic, err := listen(o.Listen)
	if err != nil {
		return err
	}
	control, err := listen(o.Control)
	if err != nil {
		traffic.Close()
		return err
	}
	ready("http://"+traffic.Addr().String(), "http://"+control.Addr().String())
	return newRouter(o, time.Now, overTCP).serve(ctx, o, account, traffic, control)
}

// listen takes a free loopback port when address is empty.
func listen(address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("balancer on %s: %w; free it or choose another address", address, err)
	}
	return l, nil
}

func (r *router) serve(ctx context.Context, o Options, a *account, traffic, control net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var owned sync.WaitGroup
	owned.Go(func() { r.check(ctx, o.Health) })
	if a != nil {
		owned.Go(func() { a.keep(ctx) })
	}
	for l, handler := range map[net.Listener]http.Handler{o.proxied(traffic): o.forwarded(newProxy(r, a)), control: r.control()} {
		owned.Go(func() { cancel(serveUntil(ctx, l, handler)) })
	}
	owned.Wait()
	r.pool.Load().close()
	if a != nil {
		if err := a.close(); err != nil {
			return err
		}
	}
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func serveUntil(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := http.Server{Handler: handler, ReadHeaderTimeout: readHeader, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true) // for clients that know
	base, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp() // upgraded connections, which Shutdown leaves alone
	server.BaseContext = func(net.Listener) context.Context { return base }
	var owned sync.WaitGroup
	defer owned.Wait()
	stopped := make(chan struct{})
	defer close(stopped)
	drained := make(chan struct{})
	owned.Go(func() {
		defer close(drained)
		select {
		case <-ctx.Done():
			shutdown(&server)
		case <-stopped:
		}
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("balancer on %s: %w", l.Addr(), err)
	}
	<-drained
	return nil
}

func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}
