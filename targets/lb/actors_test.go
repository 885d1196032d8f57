package lb

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
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

// client is one user with its jar, its address and its connection.
type client struct {
	sim    *sim
	id     wire.SessionID
	rng    *rand.Rand
	source netip.Addr
	port   int
	last   time.Time

	mu    sync.Mutex
	seq   uint32
	names []string // of cookies, in the order they came
	jar   map[string]string
}

func (s *sim) user(n int) {
	c := &client{sim: s, id: wire.SessionID{User: uint32(n)}, rng: rand.New(rand.NewPCG(s.seed, uint64(n))), jar: map[string]string{}}
	c.source = netip.AddrFrom4([4]byte{127, byte(c.rng.IntN(255)), byte(c.rng.IntN(255)), byte(1 + c.rng.IntN(250))})
	arrival := time.Duration((float64(n) + c.rng.Float64()) * float64(s.world.every))
	time.Sleep(arrival)
	half := s.world.requests / 2
	for step := 0; int(c.seq) < s.world.requests; step++ {
		flags := results.ExchangeFlags(0)
		if step > 0 {
			time.Sleep(time.Duration(c.rng.ExpFloat64() * float64(s.world.think)))
		}
		if step == half {
			time.Sleep(s.world.idle)
			if s.world.moves {
				c.source, flags = c.source.Next(), results.AddressChanged
			}
		}
		c.step(step, flags)
	}
}

// step sends one request, or several reads a microsecond apart.
func (c *client) step(step int, flags results.ExchangeFlags) {
	lanes, method := 1, http.MethodGet
	if c.sim.world.parallel > 1 && step%3 == 0 {
		lanes, flags = c.sim.world.parallel, flags|results.Parallel
	} else if c.rng.Float64() < writeShare {
		method, flags = http.MethodPost, flags|results.Write
	}
	due := now()
	path := "/item/" + strconv.Itoa(c.rng.IntN(10))
	var sending sync.WaitGroup
	for lane := range lanes {
		seq := c.seq
		c.seq++
		sending.Go(func() {
			time.Sleep(time.Duration(lane) * time.Microsecond)
			c.send(method, path, seq, due, flags)
		})
	}
	sending.Wait()
}

func (c *client) send(method, path string, seq uint32, due clock.Time, flags results.ExchangeFlags) {
	e := results.Exchange{ID: c.id, Seq: seq, Nonce: mix(mix(c.sim.seed^uint64(c.id.User)) ^ uint64(seq)), Flags: flags, Due: due, Sent: now(), Source: c.source}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	q := (&http.Request{Method: method, URL: &url.URL{Path: path}, Host: "balancer", Header: http.Header{}, Body: http.NoBody,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: c.connection()}).WithContext(ctx)
	q.Header.Set(wire.HeaderSession, c.id.String())
	q.Header.Set(wire.HeaderSeq, strconv.Itoa(int(seq)))
	q.Header.Set(wire.HeaderNonce, fmt.Sprintf("%016x", e.Nonce))
	e.MarkerSent = c.cookies(q)
	w := httptest.NewRecorder()
	c.sim.balancer.ServeHTTP(w, q)
	e.FirstByte, e.Done, e.Status = now(), now(), uint16(w.Code)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Failure, e.Status, e.FirstByte = results.TimedOut, 0, 0
	} else {
		c.receive(&e, w.Header())
	}
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	c.sim.exchanges = append(c.sim.exchanges, e)
}

// connection is the address of the connection that the next request uses.
func (c *client) connection() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sim.world.perRequest || time.Since(c.last) > reuse {
		c.port = 1024 + (c.port+c.rng.IntN(60000))%60000
	}
	c.last = time.Now()
	return netip.AddrPortFrom(c.source, uint16(c.port)).String()
}

// cookies sends the jar and gives the hash of the markers in it.
func (c *client) cookies(q *http.Request) (markers uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var pairs []string
	for _, name := range c.names {
		pairs = append(pairs, name+"="+c.jar[name])
		markers += marked(name, c.jar[name])
	}
	if len(pairs) > 0 {
		q.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	return markers
}

// marked is the hash of a cookie, or 0 for the application's own.
func marked(name, value string) uint64 {
	if name == wire.SessionCookie {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(name + "=" + value))
	return h.Sum64()
}

// receive reads an answer as the generator does.
func (c *client) receive(e *results.Exchange, h http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range h["Set-Cookie"] {
		set, err := http.ParseSetCookie(line)
		if err != nil {
			continue
		}
		if _, had := c.jar[set.Name]; !had {
			c.names = append(c.names, set.Name)
		}
		c.jar[set.Name] = set.Value
		e.MarkerReceived += marked(set.Name, set.Value)
	}
	e.Instance = h.Get(wire.HeaderInstance)
	e.Owner, _ = wire.ParseSessionID(h.Get(wire.HeaderSession))
	e.Epoch, _ = strconv.ParseUint(h.Get(wire.HeaderEpoch), 16, 64)
	e.Head, _ = strconv.ParseUint(h.Get(wire.HeaderHead), 16, 64)
	version, _ := strconv.ParseUint(h.Get(wire.HeaderVersion), 10, 32)
	e.Version = uint32(version)
}
