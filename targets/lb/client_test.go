package lb

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

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
