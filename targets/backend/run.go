package backend

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/stickybench/stickybench/targets/store"
)

// Run serves until ctx is done, then lets in-flight requests finish within Drain. Ready is called
// once with the URLs of the traffic and the control port.
func Run(ctx context.Context, o Options, ready func(traffic, control string)) (err error) {
	i, err := newInstance(o)
	if err != nil {
		return fmt.Errorf("backend %s: %w", o.Name, err)
	}
	defer func() { err = errors.Join(err, i.close()) }()
	traffic, err := listen(o.Name, o.Listen)
	if err != nil {
		return err
	}
	control, err := listen(o.Name, o.Control)
	if err != nil {
		return errors.Join(err, traffic.Close())
	}
	if err := i.guarded(control); err != nil {
		return errors.Join(err, traffic.Close(), control.Close())
	}
	servers := []*http.Server{serve(traffic, i.traffic()), serve(control, i.control())}
	ready("http://"+traffic.Addr().String(), "http://"+control.Addr().String())
	<-ctx.Done()
	i.end()
	err = shutdown(servers, max(o.Drain, time.Second))
	i.talks.Wait()
	return err
}

func listen(name, address string) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w; choose a free address", name, err)
	}
	return l, nil
}

// guarded refuses a control port that strangers could reach without a token.
func (i *instance) guarded(l net.Listener) error {
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() && i.o.Token == "" {
		return fmt.Errorf("backend %s: control address %s is not loopback; set a token", i.o.Name, l.Addr())
	}
	return nil
}

func serve(l net.Listener, h http.Handler) *http.Server {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10, Protocols: new(http.Protocols)}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true) // for a client that knows, or a balancer that speaks it to its instances
	go func() { _ = s.Serve(l) }()        // ends with ErrServerClosed at shutdown
	return s
}

func shutdown(servers []*http.Server, patience time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, s := range servers {
		if e := s.Shutdown(ctx); e != nil {
			err = errors.Join(err, s.Close())
		}
	}
	return err
}

func (i *instance) traffic() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", i.health)
	mux.HandleFunc("/", i.handle)
	return i.faults.resetting(mux)
}

func (i *instance) control() http.Handler {
	mux := http.NewServeMux()
	order := func(pattern string, do func()) {
		mux.HandleFunc("POST "+pattern, func(w http.ResponseWriter, _ *http.Request) { do(); w.WriteHeader(http.StatusNoContent) })
	}
	order("/drain", func() { i.draining.Store(true) })
	order("/undrain", func() { i.draining.Store(false) })
	order("/keep", func() { i.keep.Store(true) })
	i.faults.orders(mux)
	mux.HandleFunc("GET /state", i.state)
	mux.Handle("GET /metrics", i.metrics())
	if s, ok := i.store.(*store.Replicated); ok {
		mux.Handle("POST /replica/", s.Handler())
		mux.HandleFunc("POST /peers", func(w http.ResponseWriter, r *http.Request) {
			s.Introduce(r.URL.Query()["url"])
			w.WriteHeader(http.StatusNoContent)
		})
	}
	mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat(i.o.Ledger); err != nil {
			http.Error(w, "no ledger is kept", http.StatusNotFound)
			return
		}
		http.ServeFile(w, r, i.o.Ledger)
	})
	return i.authorised(mux)
}

// authorised asks for the token when there is one.
func (i *instance) authorised(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := []byte(r.Header.Get("Authorization"))
		if i.o.Token != "" && subtle.ConstantTimeCompare(given, []byte("Bearer "+i.o.Token)) != 1 {
			http.Error(w, "a bearer token is needed", http.StatusUnauthorized)
			return
		}
		i.sign(w)
		next.ServeHTTP(w, r)
	})
}

// state is what the control port tells of the moment.
func (i *instance) state(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"instance": i.o.Name, "in_flight": i.inFlight.Load(), "requests": i.requests.Load(),
		"cpu":      i.busy().Seconds(),
		"draining": i.draining.Load(), "failing": i.faults.unhealthy.Load() || i.faults.error.Load(),
	})
}
