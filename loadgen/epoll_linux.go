package loadgen

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// epoll is the engine for HTTP/1.1 in cleartext on Linux: one thread, one loop, nothing allocated
// per request. io_uring was measured and is no faster (docs/performance.md).
type epoll struct {
	settings
	template  template
	fd        int
	events    []unix.EpollEvent
	buffer    []byte // what is being read
	out       []byte // what is being written
	sockets   table
	most      int          // connections at a time
	kept      slab[uint32] // by slot: place of the first kept connection; 0 = none
	pooled    []shelf      // by Request.Pool
	done      []*Request
	now       clock.Time // the last reading of the clock
	numbers   uint32
	generated uint32
	spin      spin
	names     sockaddrs
	closed    bool
}

const (
	readSize  = 64 << 10
	mostReady = 256
)

// reserved descriptors are left for the records and the processes under test.
const reserved = 256

// mostSockets is an engine's part of the files that this process may open.
func mostSockets(shards int) int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur > 1<<30 {
		return 1 << 30
	}
	return max(1, (int(limit.Cur)-reserved)/max(1, shards))
}

// newEpoll is called on the goroutine that will call Wait.
func newEpoll(s settings) (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("creating epoll: %w", err)
	}
	runtime.LockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return &epoll{settings: s, most: mostSockets(s.shards), template: newTemplate(s), fd: fd, now: clock.Now(), sockets: newTable(), pooled: make([]shelf, max(1, len(s.pools))),
		events: make([]unix.EpollEvent, mostReady), buffer: make([]byte, readSize), spin: spin{since: clock.Now()}}, nil
}

var _ Engine = (*epoll)(nil)

// Now keeps what it says for Send: at the speed of this engine a reading of the clock is one per cent of a request.
func (e *epoll) Now() clock.Time {
	e.now = clock.Now()
	return e.now
}

func (e *epoll) Send(r *Request) {
	s := e.take(r)
	if s == nil {
		s = e.connect(r)
	}
	if s == nil {
		return
	}
	s.request = r
	s.response.begin(r, e.sample())
	e.sockets.push(awaited, s)
	r.Conn, r.Replica = s.number, s.replica
	if r.ConnNew {
		s.since = e.now
		e.sockets.push(connecting, s)
		return
	}
	r.Sent = e.now
	e.write(s)
}

// sample is where the body goes when a rule looks for the instance's name there.
func (e *epoll) sample() *sample {
	if e.body == nil {
		return nil
	}
	return &sample{}
}

// connect opens a new connection, or ends r.
func (e *epoll) connect(r *Request) *socket {
	e.numbers++
	e.generated++
	r.Sent, r.Conn, r.ConnNew = e.now, e.numbers, true
	s := e.sockets.fresh()
	*s = socket{number: e.numbers, generation: e.generated, slot: r.Slot, lane: r.Lane, pool: r.Pool, replica: r.Replica, source: e.owner(r), out: s.out[:0], response: response{line: s.response.line}}
	err := error(unix.EMFILE)
	if e.sockets.count() < e.most {
		err = s.open(&e.names, e.at(r), e.local(r))
	}
	if err != nil {
		if connectFailure(err) == results.Dropped {
			r.Sent = 0
		}
		e.end(r, connectFailure(err), fmt.Errorf("connecting to %s: %w", e.at(r), err))
		return nil
	}
	e.sockets.add(s)
	// Edge-triggered and registered once: a request costs no epoll_ctl.
	err = unix.EpollCtl(e.fd, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(s.place), Pad: int32(s.generation)})
	if err != nil {
		e.discard(s)
		e.end(r, results.ConnectFailed, fmt.Errorf("watching a connection: %w", err))
		return nil
	}
	return s
}

// end hands r back.
func (e *epoll) end(r *Request, f results.Failure, err error) {
	r.Failure, r.Err, r.Done = f, err, e.now
	e.done = append(e.done, r)
}

func (e *epoll) discard(s *socket) {
	e.sockets.remove(s)
	_ = unix.Close(s.fd)
}

// fail ends the request on s and the connection with it.
func (e *epoll) fail(s *socket, f results.Failure, err error) {
	r := s.request
	e.discard(s)
	e.end(r, f, err)
}

func (e *epoll) write(s *socket) {
	e.out = e.out[:0]
	if s.request.ConnNew {
		var err error
		if e.out, err = e.preface(e.out, s.request); err != nil {
			e.fail(s, results.ConnectFailed, err)
			return
		}
	}
	e.out = e.template.append(e.out, s.request)
	s.since = e.now
	e.sockets.push(unanswered, s)
	n, err := send(s.fd, e.out)
	switch {
	case err == unix.EAGAIN:
		n = 0
	case err != 0:
		e.fail(s, results.Reset, fmt.Errorf("writing: %w", err))
		return
	}
	s.out = append(s.out[:0], e.out[n:]...)
}

// flush goes on with a request that the kernel did not take whole.
func (e *epoll) flush(s *socket) {
	n, err := send(s.fd, s.out)
	switch {
	case err == unix.EAGAIN:
	case err != 0:
		e.fail(s, results.Reset, fmt.Errorf("writing: %w", err))
	default:
		s.out = s.out[:copy(s.out, s.out[n:])]
	}
}

func (e *epoll) Wait(until clock.Time, done []*Request) []*Request {
	e.spin.last = 0
	for !e.closed && len(e.done) == 0 {
		if n := poll(e.fd, e.events); n > 0 {
			e.handle(e.events[:n])
			continue
		}
		e.now = clock.Now()
		e.expire()
		if e.now >= until || len(e.done) > 0 {
			break
		}
		if left := e.spin.sleep(e.now, min(until, e.nextExpiry())); left > 0 {
			e.handle(e.events[:wait(e.fd, e.events, left)])
		}
	}
	done = append(done, e.done...)
	clear(e.done)
	e.done = e.done[:0]
	return done
}

func (e *epoll) Close() error {
	e.now = clock.Now()
	for s := e.sockets.first(awaited); s != nil; s = e.sockets.first(awaited) {
		e.fail(s, results.Canceled, context.Canceled)
	}
	for s := e.sockets.first(idling); s != nil; s = e.sockets.first(idling) {
		e.drop(s)
	}
	e.closed = true
	e.kept.free()
	runtime.UnlockOSThread()
	return unix.Close(e.fd)
}
