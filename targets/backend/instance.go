package backend

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/store"
)

// instance is one running backend.
type instance struct {
	o      Options
	boot   uint64
	store  store.Store
	data   string // of new records
	cpu    *queue // virtual CPU; nil burns real one
	ledger *results.ServeLog

	mu  sync.Mutex // guards rng
	rng *profiles.Rand

	faults   faults
	keep     atomic.Bool // the sessions are to survive the end of this process
	draining atomic.Bool
	inFlight atomic.Int64
	requests atomic.Uint64
	burnt    atomic.Int64 // nanoseconds of thread CPU time

	ending context.Context // done when no new requests are wanted
	end    context.CancelFunc
	talks  sync.WaitGroup // open conversations
}

func newInstance(o Options) (*instance, error) {
	state, err := store.Open(o.Store)
	if err != nil {
		return nil, err
	}
	i := &instance{o: o, boot: random(), store: state, data: ballast(o.Session.Size)}
	i.rng = profiles.NewRand(o.Seed, i.boot)
	if err := i.recall(); err != nil {
		return nil, errors.Join(err, state.Close())
	}
	i.ending, i.end = context.WithCancel(context.Background())
	if o.Cores > 0 {
		i.cpu = newQueue(o.Cores)
	}
	if o.Ledger != "" {
		if i.ledger, err = results.OpenServeLog(o.Ledger); err != nil {
			return nil, errors.Join(err, state.Close())
		}
	}
	return i, nil
}

// random is never 0: 0 means "none" in the records.
func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return binary.LittleEndian.Uint64(b[:]) | 1
}

func (i *instance) close() error {
	if i.ledger != nil {
		defer i.ledger.Close()
	}
	return errors.Join(i.remember(), i.store.Close())
}

// handle serves one request over HTTP, or opens a conversation.
func (i *instance) handle(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		i.converse(w, r)
		return
	}
	s := identify(r.Method, r.Header)
	id, fresh := sessionID(r)
	record, err := i.process(r.Context(), store.Access{ID: id, New: fresh}, &s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInsufficientStorage)
		return
	}
	if fresh && s.Status == http.StatusOK {
		setSession(w, id)
	}
	if wantsEvents(r) && s.Status == http.StatusOK {
		i.stream(w, r, &s, record)
		return
	}
	i.answer(w, &s, record)
}

// process serves one request, however it came: read or write the session, work, record. It fails when the
// ledger cannot be written.
func (i *instance) process(ctx context.Context, a store.Access, s *results.Serve) (record store.Record, err error) {
	i.inFlight.Add(1)
	defer i.inFlight.Add(-1)
	i.requests.Add(1)
	s.Instance, s.Boot, s.Start, s.Status = i.o.Name, i.boot, clock.Now(), http.StatusOK
	record = i.serve(ctx, a, s)
	s.End = clock.Now()
	if i.ledger != nil {
		err = i.ledger.Append(s)
	}
	return record, err
}

// serve reads or writes the session and works; a broken application does neither.
func (i *instance) serve(ctx context.Context, a store.Access, s *results.Serve) (record store.Record) {
	if i.faults.error.Load() {
		s.Status = http.StatusServiceUnavailable
		return record
	}
	record, err := i.session(ctx, &a, s)
	if err != nil {
		s.Status = http.StatusServiceUnavailable
	}
	i.work(ctx, s)
	return record
}

// identify reads what the generator says of the exchange; anybody else's request counts as zero.
func identify(method string, h http.Header) (s results.Serve) {
	s.ID, _ = wire.ParseSessionID(h.Get(wire.HeaderSession))
	seq, _ := strconv.ParseUint(h.Get(wire.HeaderSeq), 10, 32)
	s.Seq = uint32(seq)
	s.Nonce, _ = strconv.ParseUint(h.Get(wire.HeaderNonce), 16, 64)
	s.Write = method == http.MethodPost
	return s
}

// sessionID is the application's own; fresh when the client brought none.
func sessionID(r *http.Request) (id string, fresh bool) {
	if c, err := r.Cookie(wire.SessionCookie); err == nil && c.Value != "" {
		return c.Value, false
	}
	var b [12]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return hex.EncodeToString(b[:]), true
}

// work is the handler: CPU time, then waiting.
func (i *instance) work(ctx context.Context, s *results.Serve) {
	i.mu.Lock()
	cost, wait := i.o.CPU.DrawDuration(i.rng), i.o.Handler.DrawDuration(i.rng)
	i.mu.Unlock()
	start := clock.Now()
	s.CPU = i.compute(ctx, cost)
	_ = clock.SleepUntil(ctx, clock.Now().Add(wait+i.faults.delayed())) // a client that is gone is still recorded
	s.HandlerTime = clock.Now().Sub(start)
}

// compute spends CPU time: real, or virtual after queueing for it.
func (i *instance) compute(ctx context.Context, cost time.Duration) time.Duration {
	if i.cpu != nil {
		i.cpu.use(ctx, cost)
		return cost
	}
	used := burn(cost)
	i.burnt.Add(int64(used))
	return used
}

// busy is the CPU time spent by requests so far.
func (i *instance) busy() time.Duration {
	if i.cpu != nil {
		return i.cpu.busy()
	}
	return time.Duration(i.burnt.Load())
}

func setSession(w http.ResponseWriter, id string) {
	http.SetCookie(w, &http.Cookie{Name: wire.SessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// state writes what the answer tells the generator.
func state(h http.Header, s *results.Serve, record store.Record) {
	h.Set(wire.HeaderInstance, s.Instance)
	h.Set(wire.HeaderBoot, hex64(s.Boot))
	if s.Epoch != 0 {
		h.Set(wire.HeaderSession, record.Owner.String())
		h.Set(wire.HeaderEpoch, hex64(s.Epoch))
		h.Set(wire.HeaderVersion, strconv.FormatUint(uint64(s.Version), 10))
		h.Set(wire.HeaderHead, hex64(s.Head))
	}
	h.Set(wire.HeaderLookups, strconv.Itoa(int(s.Lookups)))
	h.Set(wire.HeaderServerTiming, fmt.Sprintf("sb-store;dur=%.3f, sb-handler;dur=%.3f", inMilliseconds(s.StoreTime), inMilliseconds(s.HandlerTime)))
}

func (i *instance) answer(w http.ResponseWriter, s *results.Serve, record store.Record) {
	h := w.Header()
	state(h, s, record)
	h.Set("Content-Type", "text/plain")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", "3")
	w.WriteHeader(int(s.Status))
	_, _ = w.Write([]byte("ok\n")) // the client's end shows in its own record
}

func hex64(v uint64) string { return fmt.Sprintf("%016x", v) }

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
