package loadgen

import (
	"net/netip"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// fire sends the requests of one step.
func (s *shard) fire(slot uint32, at clock.Time) {
	u := s.users.at(slot)
	flags := s.warm(at) | s.meet(u, at)
	if u.next&isMove != 0 {
		u.moves++
		u.address = 0
		flags |= results.AddressChanged
	}
	if u.pending > 1 {
		flags |= results.Parallel
	}
	for lane := range u.pending {
		now := s.engine.Now()
		s.send(s.request(slot, lane, at, now, flags), now)
	}
}

func (s *shard) request(slot, lane uint32, at, now clock.Time, flags results.ExchangeFlags) *Request {
	u := s.users.at(slot)
	r := s.take()
	r.Slot, r.Lane, r.Due, r.Flags = slot, lane, at, flags
	r.ID, r.Seq, r.Nonce = u.id, u.seq, nonce(s.exp.Seed, u.id, u.seq)
	r.KeepAlive, r.Pool = s.connection(u)
	if s.replicas > 1 {
		r.Replica = uint8((uint32(u.replica) + lane) % uint32(s.replicas))
	}
	if s.told && (r.Pool == 0 || s.exp.Load.ClientAddress.Via == profiles.ViaForwarded) { // a shared connection has its own
		r.Source = s.source(u)
	}
	r.Deadline = now.Add(time.Duration(s.exp.Load.Timeout))
	r.Write, r.Head = u.next&isPost != 0, u.next&isHead != 0
	if r.Write {
		r.Flags |= results.Write
	}
	if !u.keeps {
		r.Flags |= results.MarkerDropped
	} else {
		var doubled bool
		if r.Cookie, r.Marker, doubled = s.jars.header(r.Cookie, &u.jar, now); doubled {
			r.Flags |= results.MarkerDoubled
		}
	}
	r.Answer.naming = s.exp.Balancer.Identify.Header
	u.seq++
	return r
}

// source is the user's address. Its number is kept because the plan's permutation costs more than the
// rest of a request.
func (s *shard) source(u *user) netip.Addr {
	if u.address == 0 {
		u.address = s.plan.Address(u.id.User, u.moves) + 1
	}
	return s.plan.Source(u.address - 1)
}

// firstReplica is where a session's first connection goes: as behind DNS round robin or a balancer of
// connections, any of them, and the next one from there on.
func (s *shard) firstReplica(id wire.SessionID) uint8 {
	return uint8(nonce(^s.exp.Seed, id, 0) % uint64(s.replicas))
}

// connection is the choice of the user's profile.
func (s *shard) connection(u *user) (keepAlive bool, pool uint8) {
	switch s.exp.Mix.Profiles[u.player.Profile()].Profile.Connection {
	case "per-request":
		return false, 0
	case "shared":
		return true, u.player.Profile() + 1
	}
	return true, 0
}

func (s *shard) take() *Request {
	if n := len(s.spare); n > 0 {
		r := s.spare[n-1]
		s.spare = s.spare[:n-1]
		r.reset()
		return r
	}
	return &Request{}
}

func (s *shard) send(r *Request, now clock.Time) {
	s.tally.offered++
	s.flying.change(now, +1)
	s.engine.Send(r)
}

func (s *shard) warm(at clock.Time) results.ExchangeFlags {
	if at < s.start.Add(time.Duration(s.exp.Warmup)) {
		return results.Warmup
	}
	return 0
}

// nonce is splitmix64 over the request's identity: the same for any number of shards.
func nonce(seed uint64, id wire.SessionID, seq uint32) uint64 {
	return mix(mix(seed^uint64(id.User)<<32^uint64(id.Session)) ^ uint64(seq))
}

func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// finish records what is done and moves the users on.
func (s *shard) finish(done []*Request) {
	if len(done) == 0 {
		return
	}
	s.flying.change(s.engine.Now(), -len(done))
	s.tally.mu.Lock()
	defer s.tally.mu.Unlock()
	for _, r := range done {
		s.write(r)
		u := s.users.at(r.Slot)
		if r.ConnNew && s.replicas > 1 {
			u.replica = (u.replica + 1) % s.replicas
		}
		if u.pending--; u.pending == 0 {
			s.follow(r.Slot, r.Done)
		}
		s.spare = append(s.spare, r)
	}
	s.show()
}

func (s *shard) write(r *Request) {
	u := s.users.at(r.Slot)
	a, e := &r.Answer, &s.record
	*e = results.Exchange{ID: r.ID, Seq: r.Seq, Nonce: r.Nonce, Profile: u.player.Profile(), Failure: r.Failure,
		Flags: r.Flags, Status: r.Status, Due: r.Due, Sent: r.Sent, Connect: r.Connect, FirstByte: r.FirstByte, Done: r.Done,
		MarkerSent: r.Marker, Source: r.Source, Conn: r.Conn, Shard: uint16(s.i)}
	if r.ConnNew {
		e.Flags |= results.ConnNew
	}
	if s.replicas > 1 {
		e.Replica = r.Replica + 1
	}
	if u.next&isLast != 0 && u.pending == 1 {
		e.Flags |= results.Last
	}
	var name uint16
	if r.Failure == results.Answered {
		s.cookies(u, r, e)
		name = s.name(a.Instance)
		e.Instance, e.Boot, e.Owner, e.Epoch = s.labels[name], a.Boot, a.Owner, a.Epoch
		e.Version, e.Head, e.Lookups, e.StoreTime, e.HandlerTime = a.Version, a.Head, a.Lookups, a.StoreTime, a.HandlerTime
		s.homing(u, name)
	}
	s.count(e, name)
	s.explain(r)
	s.fail(s.log.Append(e))
}

// cookies stores what the answer set and hashes the markers among it.
func (s *shard) cookies(u *user, r *Request, e *results.Exchange) {
	for line := range r.Answer.Cookies {
		c, ok := s.jars.set(&u.jar, line, r.Done)
		if !ok {
			s.tally.refused++
			continue
		}
		if named := s.exp.Balancer.Identify.Cookie; named != "" && c.name == named {
			r.Answer.Instance = append(r.Answer.Instance[:0], c.value...)
		}
		if c.marker && !c.dead(r.Done) {
			e.MarkerReceived += c.hashed()
			e.Flags |= c.flags
		}
	}
}

// name interns an instance name; 0 is the empty name.
func (s *shard) name(b []byte) uint16 {
	if i, ok := s.names[string(b)]; ok {
		return i
	}
	i := uint16(len(s.labels))
	s.labels = append(s.labels, string(b))
	s.names[string(b)] = i
	return i
}

func (s *shard) homing(u *user, name uint16) {
	if u.home == 0 {
		u.home = name
	} else if name != 0 && name != u.home {
		u.home = name
		if u.keeps { // nothing binds a client that drops its marker
			s.tally.switched++
		}
	}
}
