package store

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
)

// relay stands between a store and its server: it counts round trips, holds answers back and plays
// a server that is gone.
type relay struct {
	t       *testing.T
	server  string
	address string
	hold    atomic.Bool  // answers do not come through
	trips   atomic.Int64 // requests that followed an answer or the beginning

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
	copying  sync.WaitGroup
}

// newRelay relays to the server of a store URL and returns the URL through it.
func newRelay(t *testing.T, through string) (*relay, string) {
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, server: u.Host, address: "127.0.0.1:0"}
	r.back()
	u.Host = r.address
	t.Cleanup(r.gone)
	return r, u.String()
}

// back listens, on the same port after the first time.
func (r *relay) back() {
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address, r.listener = l.Addr().String(), l
	r.copying.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.serve(c)
		}
	})
}

func (r *relay) serve(client net.Conn) {
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		client.Close()
		return
	}
	r.mu.Lock()
	r.open = append(r.open, client, server)
	r.mu.Unlock()
	answered := new(atomic.Bool)
	answered.Store(true)
	r.copying.Go(func() {
		r.pass(server, client, func() {
			if answered.Swap(false) {
				r.trips.Add(1)
			}
		})
	})
	r.copying.Go(func() { r.pass(client, server, func() { answered.Store(true) }) })
}

// pass copies until either end closes; seen is called before each chunk goes on.
func (r *relay) pass(to, from net.Conn, seen func()) {
	defer to.Close()
	defer from.Close()
	chunk := make([]byte, 128<<10)
	for {
		n, err := from.Read(chunk)
		if err != nil {
			return
		}
		seen()
		for r.hold.Load() {
			if clock.Sleep(r.t.Context(), time.Millisecond) != nil {
				return
			}
		}
		if _, err := to.Write(chunk[:n]); err != nil {
			return
		}
	}
}

// gone closes everything.
func (r *relay) gone() {
	r.hold.Store(false)
	r.listener.Close()
	r.mu.Lock()
	for _, c := range r.open {
		c.Close()
	}
	r.open = nil
	r.mu.Unlock()
	r.copying.Wait()
}

// serverContract is what every store on a server promises besides the contract.
func serverContract(t *testing.T, through string) {
	for _, codec := range []string{"json", "gob", "msgpack"} {
		t.Run(codec, func(t *testing.T) { roundTrip(t, opened(t, Options{Use: through, Codec: codec})) })
	}
	for name, test := range map[string]func(*testing.T, *relay, Store){
		"one round trip per operation": oneRoundTrip, "slow server": slowServer, "gone and back": goneAndBack,
	} {
		t.Run(name, func(t *testing.T) {
			r, address := newRelay(t, through)
			test(t, r, opened(t, Options{Use: address, TTL: time.Hour}))
		})
	}
	t.Run("distance", func(t *testing.T) { distance(t, through) })
	t.Run("cached", func(t *testing.T) { cachedContract(t, through) })
}

func opened(t *testing.T, o Options) Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// k operations are k round trips: a read one, a write two, the write of a new session one.
func oneRoundTrip(t *testing.T, r *relay, s Store) {
	load(t, s, "x") // connects
	for _, want := range []int64{1, 2, 1} {
		a, before := named(t, "y"), r.trips.Load()
		var err error
		switch want {
		case 2:
			_, _, err = s.Update(t.Context(), a, func(r Record, _ bool) Record { r.Version++; return r })
		default:
			_, _, err = s.Load(t.Context(), a)
		}
		if trips := r.trips.Load() - before; err != nil || int64(a.Operations) != want || trips != want {
			t.Errorf("%d operations, %d round trips, %v; want %d", a.Operations, trips, err, want)
		}
		if a.Spans.RoundTrip <= 0 {
			t.Error("a round trip took no time")
		}
	}
	a, before := named(t, "z"), r.trips.Load()
	a.New = true
	_, _, err := s.Update(t.Context(), a, func(r Record, _ bool) Record { return r })
	if err != nil || a.Operations != 1 || r.trips.Load() != before+1 {
		t.Errorf("a new session: %d operations, %v", a.Operations, err)
	}
}

// Who waits for a slow server can give up, and the store works again when the server does.
func slowServer(t *testing.T, r *relay, s Store) {
	save(t, s, "x", Record{Epoch: 1})
	r.hold.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error, 1)
	trips := r.trips.Load()
	go func() { _, _, err := s.Load(ctx, named(t, "x")); gaveUp <- err }()
	for r.trips.Load() == trips {
		wait(time.Millisecond)
	}
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, _, err := s.Load(ctx, named(t, "x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	r.hold.Store(false)
	if got, found := load(t, s, "x"); !found || got.Epoch != 1 {
		t.Errorf("afterwards: %v, %+v", found, got)
	}
}

// One request fails when the server goes away, and none after it is back.
func goneAndBack(t *testing.T, r *relay, s Store) {
	save(t, s, "x", Record{Epoch: 1})
	for range 2 {
		r.gone()
		for range 2 {
			if _, _, err := s.Load(t.Context(), named(t, "x")); err == nil || errors.Is(err, io.EOF) && errors.Is(err, context.Canceled) {
				t.Error("no error from a server that is gone")
			}
		}
		r.back()
		if got, found := load(t, s, "x"); !found || got.Epoch != 1 {
			t.Errorf("after it came back: %v, %+v", found, got)
		}
	}
}

// The injected round trip is on every operation, apart from the server's own time.
func distance(t *testing.T, through string) {
	const trip = 2 * time.Millisecond
	far, err := profiles.ParseDistance("2ms")
	if err != nil {
		t.Fatal(err)
	}
	s := opened(t, Options{Use: through, Distance: far})
	load(t, s, "x") // connects
	a, start := named(t, "x"), clock.Now()
	if _, _, err := s.Update(t.Context(), a, func(r Record, _ bool) Record { return r }); err != nil {
		t.Fatal(err)
	}
	took := clock.Now().Sub(start)
	if a.Operations != 2 || a.Spans.Trip < trip || a.Spans.Late < 0 || a.Spans.Late > took {
		t.Errorf("got %+v", a)
	}
	if injected := took - a.Spans.RoundTrip - a.Spans.Wait - a.Spans.Encode - a.Spans.Decode; injected < 2*trip {
		t.Errorf("%v of %v was injected into two operations, want at least %v", injected, took, 2*trip)
	}
}
