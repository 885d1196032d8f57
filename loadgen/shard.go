package loadgen

import (
	"context"
	"time"

	hdrhistogram "github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// recorder takes the shard's exchanges: an ExchangeBuffer, or a list in tests.
type recorder interface {
	Append(*results.Exchange) error
	Flush() error
	Held() (sum, longest time.Duration)
}

// user is one session being played: 56 bytes without pointers, because a million of them think at a time.
type user struct {
	id      wire.SessionID
	player  profiles.Player
	jar     jar
	seq     uint32
	moves   uint32
	pending uint32 // requests of the step in flight, not done yet; of the next step while the user thinks
	address uint32 // number of the address after moves, from 1; 0 = not known yet
	home    uint16 // index of the first instance seen; 0 = none yet
	met     uint16 // mishaps that it has lived through
	replica uint8  // of the target, that the next new connection goes to
	is      userFlags
}

// userFlags are what is true of a user, a bit each.
type userFlags uint8

const (
	keeps userFlags = 1 << iota // returns cookies
	write                       // the next step is a POST
	head                        // the next step is a HEAD
	moved                       // the address changes before the next step
	last                        // the next step is the session's last
)

func (t userFlags) have(one userFlags) bool { return t&one != 0 }

func (t *userFlags) set(one userFlags, yes bool) {
	*t &^= one
	if yes {
		*t |= one
	}
}

// shard owns everything that plays users number mod n = i.
type shard struct {
	plan     *profiles.Plan
	exp      *profiles.Experiment
	engine   Engine
	log      recorder
	jars     *jars
	told     bool  // users have addresses
	replicas uint8 // of the target
	mishaps  []profiles.Event
	lent     []lent // what the last client left that took another's markers
	i, n     int
	start    clock.Time
	end      clock.Time // no new sessions or steps
	arrivals *profiles.Arrivals
	arrived  uint32 // number of the next arrival
	next     clock.Time
	more     bool

	users  slab[user]
	free   []uint32
	queue  queue
	spare  []*Request
	flying crowd
	names  map[string]uint16
	labels []string
	tally  tally
	lag    *hdrhistogram.Histogram
	slices []*hdrhistogram.Histogram
	record results.Exchange // the one being written, kept so that it costs no allocation
	err    error
}

const (
	tick  = 50 * time.Millisecond  // how late a cancel may be seen
	flush = 100 * time.Millisecond // how far the log may be behind
)

// play runs until everything is recorded, and gives the users' memory back.
func (s *shard) play(ctx context.Context) error {
	defer s.release()
	s.advance()
	stop := s.end.Add(time.Duration(s.exp.Load.Linger))
	flushed := s.start
	var done []*Request
	for now := s.engine.Now(); s.err == nil && ctx.Err() == nil && now < stop && s.busy(); now = s.engine.Now() {
		if now >= flushed.Add(flush) {
			s.fail(s.log.Flush())
			flushed = now
		}
		done = s.turn(now, done[:0])
	}
	s.fail(s.engine.Close())
	s.finish(s.engine.Wait(0, done[:0]))
	s.fail(s.log.Flush())
	return s.err
}

func (s *shard) release() {
	s.users.free()
	s.queue.free()
	s.jars.arena.release()
}

func (s *shard) busy() bool { return s.more || s.queue.len() > 0 || s.flying.n > 0 }

func (s *shard) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// turn handles what is due now, and what is done at the next event.
func (s *shard) turn(now clock.Time, done []*Request) []*Request {
	for s.more && s.next <= now {
		s.arrive()
	}
	for s.queue.len() > 0 && s.queue.next() <= now {
		d := s.queue.pop()
		s.fire(d.slot, d.at)
	}
	until := now.Add(tick)
	if s.more {
		until = min(until, s.next)
	}
	if s.queue.len() > 0 {
		until = min(until, s.queue.next())
	}
	done = s.engine.Wait(until, done)
	s.finish(done)
	return done
}

// advance finds this shard's next arrival in the sequence that all shards share.
func (s *shard) advance() {
	for {
		offset, ok := s.arrivals.Next()
		number := s.arrived
		s.arrived++
		if s.more = ok; !ok || int(number)%s.n == s.i {
			s.next = s.start.Add(offset)
			return
		}
	}
}

func (s *shard) arrive() {
	number, at := s.arrived-1, s.next
	s.advance()
	if at >= s.end {
		s.more = false
		return
	}
	if s.users.n-len(s.free) >= s.limit() {
		s.drop(number, at)
		return
	}
	s.begin(s.slot(), wire.SessionID{User: number}, at)
}

func (s *shard) limit() int {
	limit := s.exp.Load.MaxUsers
	if limit == 0 {
		limit = max(100_000, s.exp.Load.Users)
	}
	return (limit + s.n - 1) / s.n
}

func (s *shard) drop(number uint32, at clock.Time) {
	s.tally.offered++
	s.tally.dropped++
	s.fail(s.log.Append(&results.Exchange{ID: wire.SessionID{User: number}, Profile: s.plan.Profile(number),
		Failure: results.Dropped, Due: at, Flags: s.warm(at), Shard: uint16(s.i)}))
}

func (s *shard) slot() uint32 {
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return slot
	}
	return s.users.add()
}

// begin starts a session with a fresh jar.
func (s *shard) begin(slot uint32, id wire.SessionID, at clock.Time) {
	u := s.users.at(slot)
	s.jars.clear(&u.jar)
	moves := u.moves
	if id.Session == 0 {
		moves = 0
	}
	*u = user{id: id, player: s.plan.Player(id.User, id.Session), moves: moves,
		met: s.outlived(at)}
	u.is.set(keeps, s.plan.KeepsJar(id.User))
	if s.replicas > 1 {
		u.replica = s.firstReplica(id)
	}
	s.tally.sessions++
	s.follow(slot, at)
}

// follow queues the user's next step, counted from the previous one's done.
func (s *shard) follow(slot uint32, from clock.Time) {
	u := s.users.at(slot)
	step, ok := s.plan.Next(&u.player)
	if at := s.after(from.Add(step.Think)); ok && at < s.end {
		u.is.set(write, step.Write)
		u.is.set(head, step.Head)
		u.is.set(moved, step.Moved)
		u.is.set(last, step.Last)
		u.pending = uint32(step.Parallel)
		s.queue.push(due{at, slot})
		return
	}
	s.engine.Release(slot)
	if !ok && s.exp.Load.Users > 0 && from < s.end {
		s.begin(slot, wire.SessionID{User: u.id.User, Session: u.id.Session + 1}, from)
		return
	}
	s.free = append(s.free, slot)
}
