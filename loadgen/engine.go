package loadgen

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// Engine moves requests for one shard. Every method is called from the shard's goroutine only.
//
// Send takes the request over until Wait hands it back with the result filled in; it never
// blocks and never retries once a byte was written. Wait blocks until the time until or until
// at least one request is done, whichever is first, and appends what is done. Release closes the kept
// connections of a slot that has nothing in flight. Close ends everything in flight with
// Failure Canceled and waits for it; one last Wait hands those requests out.
//
// A connection belongs to one (Slot, Lane) and one Source, or to the profile's shared Pool; a request with
// another source gets a new connection. Where a protocol carries several requests at a time, it belongs to
// the Slot or the Pool. Deadlines never decrease from one Send to the next. A fake engine may run in
// virtual time: Now is the only clock of a shard, which asks it right before each Send, so that an engine
// may take that answer for the time of sending.
type Engine interface {
	Now() clock.Time
	Send(*Request)
	Wait(until clock.Time, done []*Request) []*Request
	Release(slot uint32)
	Close() error
}

// Request is one exchange on its way. The first half is the shard's, the second the engine's.
type Request struct {
	Slot      uint32 // the user's place in the shard
	Lane      uint32 // 0 … parallel-1: each lane has its own connection
	Pool      uint8  // connections of the user's profile that all its users share; 0 = the user's own
	Write     bool   // POST
	Head      bool   // HEAD; neither is GET
	KeepAlive bool
	Replica   uint8      // of the target, from 0: where a new connection goes; the engine puts here where a kept one led
	Source    netip.Addr // the user's address, told as the settings say; invalid = not told
	Cookie    []byte     // value of the Cookie header; empty = none
	ID        wire.SessionID
	Seq       uint32
	Nonce     uint64
	Due       clock.Time
	Deadline  clock.Time // TimedOut when not done by then
	Flags     results.ExchangeFlags
	Marker    uint64 // hash of the marker cookies in Cookie

	Sent, FirstByte, Done clock.Time    // zero = did not happen; Sent is when the engine began, connecting included
	Connect               time.Duration // spent connecting; 0 on a kept connection
	Status                uint16
	Failure               results.Failure
	Err                   error  // why Failure, for people
	Conn                  uint32 // connection number, unique in the engine, from 1
	ConnNew               bool
	Answer                Answer
}

// reset forgets the last use but keeps the buffers.
func (r *Request) reset() {
	cookie, answer := r.Cookie[:0], r.Answer
	answer.reset()
	*r = Request{Cookie: cookie, Answer: answer}
}

// settings are what every engine is told.
type settings struct {
	target                                        *url.URL
	others                                        []*url.URL       // replicas of target: spoken to as target is, at other addresses
	addresses                                     []netip.AddrPort // of target and the others
	via                                           string           // how Request.Source is told: profiles.ClientAddress.Via
	pools                                         []int            // idle connections that pool i keeps; pool 0 is none
	traced                                        bool             // requests carry a traceparent
	protocol                                      string           // as profiles names it; empty = HTTP1
	security                                      *security        // nil = cleartext
	body                                          *regexp.Regexp   // finds the instance's name in a body; nil = not there
	connectTimeout, firstByteTimeout, idleTimeout time.Duration    // 0 = only Request.Deadline; for ever
	shards                                        int              // engines that share this process's open files
	portable                                      bool             // even where a faster engine would do
}

func newSettings(target *url.URL, exp *profiles.Experiment) (s settings, err error) {
	s = settings{target: target, protocol: exp.Load.Protocol, via: exp.Load.ClientAddress.Via, pools: pools(exp.Mix), traced: exp.Load.Traceparent, connectTimeout: time.Duration(exp.Load.ConnectTimeout),
		firstByteTimeout: time.Duration(exp.Load.FirstByteTimeout), idleTimeout: time.Duration(exp.Load.IdleTimeout), shards: max(1, exp.Load.Shards), portable: exp.Load.Engine == "portable"}
	if rule := exp.Balancer.Identify.Body; rule != "" {
		if s.body, err = regexp.Compile(rule); err != nil {
			return s, fmt.Errorf("lb.identify.body: %w", err)
		}
	}
	s.security, err = newSecurity(target, exp.Load.TLS, s.protocol)
	return s, err
}

// usualPool is how many idle connections a shared pool keeps.
const usualPool = 16

// pools numbers the pools of the mix: pool i is that of profile i-1.
func pools(mix profiles.Mix) []int {
	sizes := []int{0}
	for _, w := range mix.Profiles {
		sizes = append(sizes, cmp.Or(w.Profile.Pool, usualPool))
	}
	return sizes
}

// patience is how long a connection may take to open.
func (s *settings) patience(exp *profiles.Experiment) time.Duration {
	return cmp.Or(s.connectTimeout, time.Duration(exp.Load.Timeout))
}

// Check says what of the experiment no run could do; its errors are the user's to mend.
func Check(exp *profiles.Experiment) error {
	target, err := url.Parse(exp.Balancer.URL) // empty where the target is started later, in cleartext
	if err == nil {
		_, err = newSettings(target, exp)
	}
	return err
}

// name applies the rule for the body; headers and cookies are the shard's.
func (s *settings) name(a *Answer, body *sample) {
	if s.body == nil || body == nil {
		return
	}
	if m := s.body.FindSubmatch(body.bytes); m != nil {
		a.Instance = append(a.Instance[:0], m[min(1, len(m)-1)]...)
	}
}

// errShort is an answer that the server did not finish.
var errShort = errors.New("the server closed the connection before the answer was complete")

// connectFailure tells the target's refusal from what this machine has no more of.
func connectFailure(err error) results.Failure {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return results.ConnectRefused
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EADDRNOTAVAIL):
		return results.Dropped
	}
	return results.ConnectFailed
}

// locate resolves the target and its replicas: once a run, because a name may stand for several addresses.
func (s *settings) locate(ctx context.Context) error {
	s.addresses = nil
	for _, target := range append([]*url.URL{s.target}, s.others...) {
		address, err := resolve(ctx, target)
		if err != nil {
			return err
		}
		s.addresses = append(s.addresses, address)
	}
	return nil
}

// at is where a new connection for r goes.
func (s *settings) at(r *Request) netip.AddrPort { return s.addresses[r.Replica] }

// newEngine picks what the target and the experiment ask for.
func newEngine(s settings) (Engine, error) {
	plain := s.target.Scheme == "http" && (s.protocol == "" || s.protocol == profiles.HTTP1)
	if plain && !s.portable {
		return newCleartext(s)
	}
	return newPortable(s)
}
