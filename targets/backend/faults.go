package backend

import (
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// faults are the ways in which an instance was told to misbehave; the zero value is healthy.
type faults struct {
	unhealthy atomic.Bool  // 503 on the health path
	error     atomic.Bool  // 503 on everything
	reset     atomic.Bool  // every connection is reset
	delay     atomic.Int64 // nanoseconds that the handler takes longer
}

// orders adds the control port's orders; each can be ended alone, /heal ends them all.
func (f *faults) orders(mux *http.ServeMux) {
	f.toggle(mux, "fail", &f.unhealthy)
	f.toggle(mux, "error", &f.error)
	f.toggle(mux, "reset", &f.reset)
	mux.HandleFunc("POST /slow", f.slow)
	mux.HandleFunc("DELETE /slow", obeyed(func() { f.delay.Store(0) }))
	mux.HandleFunc("POST /heal", obeyed(f.heal))
}

func (f *faults) toggle(mux *http.ServeMux, order string, on *atomic.Bool) {
	mux.HandleFunc("POST /"+order, obeyed(func() { on.Store(true) }))
	mux.HandleFunc("DELETE /"+order, obeyed(func() { on.Store(false) }))
}

func (f *faults) slow(w http.ResponseWriter, r *http.Request) {
	delay, err := time.ParseDuration(r.FormValue("delay"))
	if err != nil || delay < 0 {
		http.Error(w, "delay: give a duration such as 200ms", http.StatusBadRequest)
		return
	}
	f.delay.Store(int64(delay))
	w.WriteHeader(http.StatusNoContent)
}

func obeyed(do func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { do(); w.WriteHeader(http.StatusNoContent) }
}

func (f *faults) heal() {
	f.unhealthy.Store(false)
	f.error.Store(false)
	f.reset.Store(false)
	f.delay.Store(0)
}

func (f *faults) delayed() time.Duration { return time.Duration(f.delay.Load()) }

// resetting answers with a TCP reset, before the application has seen the request.
func (f *faults) resetting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.reset.Load() {
			next.ServeHTTP(w, r)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler) // closes the connection too
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // unread or unsent data is dropped: the peer sees RST
		}
		conn.Close()
	})
}

// health is that of the process. Draining is the balancer's business: a bound session must still
// be served.
func (i *instance) health(w http.ResponseWriter, _ *http.Request) {
	if i.faults.unhealthy.Load() || i.faults.error.Load() {
		http.Error(w, "failing on request", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
