package lb

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/store"
)

// instance is a mock instance without a socket: sessions in its own memory, a ledger, ailments.
type instance struct {
	name string

	lines                      []results.Serve // the ledger
	mu                         sync.Mutex
	boot                       uint64
	records                    map[string]store.Record
	down, frozen, broken, sick bool
}

func newInstance(name string) *instance {
	return &instance{name: name, boot: 1, records: map[string]store.Record{}}
}

func (i *instance) is() (boot uint64, down, frozen bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.boot, i.down, i.frozen
}

// RoundTrip serves one request.
func (i *instance) RoundTrip(q *http.Request) (*http.Response, error) {
	boot, down, frozen := i.is()
	if down {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	for frozen {
		select {
		case <-q.Context().Done():
			return nil, q.Context().Err()
		case <-time.After(10 * time.Millisecond):
		}
		_, _, frozen = i.is()
	}
	if q.URL.Path == "/healthz" {
		return i.health(q), nil
	}
	begin := now()
	time.Sleep(handling)
	if after, down, _ := i.is(); down || after != boot {
		return nil, io.ErrUnexpectedEOF
	}
	return i.serve(q, begin), nil
}

func (i *instance) health(q *http.Request) *http.Response {
	i.mu.Lock()
	defer i.mu.Unlock()
	status := http.StatusOK
	if i.broken || i.sick {
		status = http.StatusServiceUnavailable
	}
	return response(q, status, http.Header{})
}

func response(q *http.Request, status int, h http.Header) *http.Response {
	return &http.Response{Request: q, StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: http.NoBody}
}

func (i *instance) serve(q *http.Request, begin clock.Time) *http.Response {
	i.mu.Lock()
	defer i.mu.Unlock()
	line := results.Serve{Instance: i.name, Boot: i.boot, Start: begin, End: now(), Status: http.StatusOK, Origin: results.Local, Write: q.Method == http.MethodPost}
	line.ID, _ = wire.ParseSessionID(q.Header.Get(wire.HeaderSession))
	seq, _ := strconv.ParseUint(q.Header.Get(wire.HeaderSeq), 10, 32)
	line.Seq = uint32(seq)
	line.Nonce, _ = strconv.ParseUint(q.Header.Get(wire.HeaderNonce), 16, 64)
	h := http.Header{}
	h.Set(wire.HeaderInstance, i.name)
	if i.broken {
		line.Status, line.Origin = http.StatusServiceUnavailable, results.None
	} else {
		i.update(q, &line, h)
	}
	i.lines = append(i.lines, line)
	return response(q, int(line.Status), h)
}

// update reads or writes the session as the mock backend does.
func (i *instance) update(q *http.Request, line *results.Serve, h http.Header) {
	id := line.ID.String()
	if sent, err := q.Cookie(wire.SessionCookie); err == nil {
		id = sent.Value
	} else {
		h.Add("Set-Cookie", wire.SessionCookie+"="+id+"; Path=/")
	}
	r, found := i.records[id]
	if !found {
		line.Origin = results.None
		r = store.Record{Owner: line.ID, Epoch: hash(i.name+id) ^ i.boot | 1}
	}
	line.VersionBefore = r.Version
	if line.Write {
		r.Version++
		r.Head = wire.Head(r.Head, r.Version, line.Nonce)
	}
	i.records[id] = r
	line.Epoch, line.Version, line.Head = r.Epoch, r.Version, r.Head
	h.Set(wire.HeaderSession, r.Owner.String())
	h.Set(wire.HeaderEpoch, strconv.FormatUint(r.Epoch, 16))
	h.Set(wire.HeaderVersion, strconv.FormatUint(uint64(r.Version), 10))
	h.Set(wire.HeaderHead, strconv.FormatUint(r.Head, 16))
}

// playEvents changes the pool; each change is recorded before it takes effect.
func (s *sim) playEvents() {
	for _, e := range s.world.events {
		time.Sleep(s.start.Add(e.at).Sub(now()))
		s.event(e)
	}
}

func (s *sim) event(e event) {
	if e.what == "add" && s.instances[e.instance] == nil {
		s.enlist(e.instance)
		s.change(e, results.Removed, results.Starting)
		s.change(e, results.Starting, results.Removed)
		s.change(e, results.Removed, results.Up)
	}
	i := s.instances[e.instance]
	states := map[string]results.State{"kill": results.Down, "start": results.Up, "freeze": results.Failing, "thaw": results.Up, "error": results.Failing,
		"unhealthy": results.Failing, "heal": results.Up, "drain": results.Draining, "undrain": results.Up, "remove": results.Removed}
	if to, ok := states[e.what]; ok {
		s.change(e, "", to)
	}
	switch e.what {
	case "kill", "start", "freeze", "thaw", "error", "unhealthy", "heal":
		i.suffer(e.what)
	case "drain", "undrain":
		for _, r := range s.routers {
			r.pool.Load().named(e.instance).draining.Store(e.what == "drain")
		}
	default: // add, remove, reload
		s.repool(e)
	}
}

func (i *instance) suffer(what string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch what {
	case "kill":
		i.down, i.records = true, map[string]store.Record{}
		i.boot++
	default:
		i.down, i.frozen, i.broken, i.sick = false, what == "freeze", what == "error", what == "unhealthy"
	}
}

func (s *sim) repool(e event) {
	var pool []Instance
	for _, in := range s.pool {
		if e.what != "remove" || in.Name != e.instance {
			pool = append(pool, in)
		}
	}
	for _, r := range s.routers {
		r.replace(pool)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.what == "reload" {
		s.reloads++
	}
}

func (s *sim) change(e event, from, to results.State) {
	s.changes = append(s.changes, results.Change{Time: now(), Instance: e.instance, From: from, To: to, Why: "fault " + e.what})
}
