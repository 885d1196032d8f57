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
	remote bool // the store is another process
	ledger *results.ServeLog

	mu  sync.Mutex // guards rng
	rng *profiles.Rand

	faults   faults
	draining atomic.Bool
	inFlight atomic.Int64
	requests atomic.Uint64
	burnt    atomic.Int64 // nanoseconds of thread CPU time

	ending context.Context // done when no new requests are wanted
	end    context.CancelFunc
	talks  sync.WaitGroup // open conversations
}

func newInstance(o Options) (*instance, error) {
	state, err := store.Open(o.StoreURL, o.StoreTTL)
	if err != nil {
		return nil, err
	}
	i := &instance{o: o, boot: random(), store: state, remote: o.StoreURL != "" && o.StoreURL != "memory"}
	i.rng = profiles.NewRand(o.Seed, i.boot)
	i.ending, i.end = context.WithCancel(context.Background())
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
	return i.store.Close()
}

// handle serves one request over HTTP, or opens a conversation.
func (i *instance) handle(w http.ResponseWriter, r *http.Request) {
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		i.converse(w, r)
		return
	}
	s := identify(r.Method, r.Header)
	id, fresh := sessionID(r)
	record, err := i.process(r.Context(), id, &s)
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
func (i *instance) process(ctx context.Context, id string, s *results.Serve) (record store.Record, err error) {
	i.inFlight.Add(1)
	defer i.inFlight.Add(-1)
	i.requests.Add(1)
	s.Instance, s.Boot, s.Start, s.Status = i.o.Name, i.boot, clock.Now(), http.StatusOK
	record = i.serve(ctx, id, s)
	s.End = clock.Now()
	if i.ledger != nil {
		err = i.ledger.Append(s)
	}
	return record, err
}

// serve reads or writes the session and works; a broken application does neither.
func (i *instance) serve(ctx context.Context, id string, s *results.Serve) (record store.Record) {
	if i.faults.error.Load() {
		s.Status = http.StatusServiceUnavailable
		return record
	}
	record, err := i.session(ctx, id, s)
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

// session loads or creates the record and applies a write.
func (i *instance) session(ctx context.Context, id string, s *results.Serve) (record store.Record, err error) {
	start := clock.Now()
	defer func() {
		if i.remote {
			s.StoreTime = clock.Now().Sub(start)
		}
		if err != nil { // whether a failed write took effect is unknown: claim no state
			record, s.Origin, s.VersionBefore = store.Record{}, results.None, 0
		}
		s.Epoch, s.Version, s.Head = record.Epoch, record.Version, record.Head
	}()
	found := false
	if !s.Write {
		s.Lookups++
		if record, found, err = i.store.Load(ctx, id); err != nil || found {
			s.Origin, s.VersionBefore = i.origin(found), record.Version
			return record, err
		}
	}
	tries := uint16(0)
	before, record, err := i.store.Update(ctx, id, func(old store.Record, had bool) store.Record {
		found = had
		tries++
		return i.next(old, had, s)
	})
	s.Lookups += max(1, 2*tries) // load and save each time; one when already the load failed
	s.Origin, s.VersionBefore = i.origin(found), before.Version
	return record, err
}

func (i *instance) origin(found bool) results.Origin {
	switch {
	case !found:
		return results.None
	case i.remote:
		return results.Store
	}
	return results.Local
}

// next is the record after this request.
func (i *instance) next(old store.Record, had bool, s *results.Serve) store.Record {
	if !had {
		old = store.Record{Owner: s.ID, Epoch: random()}
	}
	if s.Write {
		old.Version++
		old.Head = wire.Head(old.Head, old.Version, s.Nonce)
	}
	return old
}

// work is the handler: CPU time, then waiting. Lookups in local memory are no store operations.
func (i *instance) work(ctx context.Context, s *results.Serve) {
	if !i.remote {
		s.Lookups = 0
	}
	i.mu.Lock()
	cost, wait := i.o.CPU.DrawDuration(i.rng), i.o.Handler.DrawDuration(i.rng)
	i.mu.Unlock()
	start := clock.Now()
	s.CPU = burn(cost)
	i.burnt.Add(int64(s.CPU))
	_ = clock.SleepUntil(ctx, start.Add(wait+i.faults.delayed())) // a client that is gone is still recorded
	s.HandlerTime = clock.Now().Sub(start)
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
