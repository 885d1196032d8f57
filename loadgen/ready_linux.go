package loadgen

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// clockEvery is how many events share a time stamp, which is the first one's: they take a microsecond each, and were
// all there before it.
const clockEvery = 8

// handle does what the kernel says of sockets.
func (e *epoll) handle(events []unix.EpollEvent) {
	for i := range events {
		s := e.sockets.all[events[i].Fd]
		if s == nil || s.generation != uint32(events[i].Pad) {
			continue // closed while an earlier event was handled
		}
		if i%clockEvery == 0 {
			e.now = clock.Now()
		}
		e.event(s, events[i].Events)
	}
}

// gone: the server has closed its side, or the connection broke.
const gone = unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR

func (e *epoll) event(s *socket, what uint32) {
	if s.request == nil {
		if what&(unix.EPOLLIN|gone) != 0 {
			e.drop(s) // closed by the server, or speaking out of turn
		}
		return
	}
	if e.sockets.in(connecting, s) {
		if !e.connected(s, what) {
			return
		}
	} else if what&unix.EPOLLOUT != 0 && len(s.out) > 0 {
		e.flush(s)
	}
	if what&(unix.EPOLLIN|gone) != 0 && e.sockets.all[s.place] == s {
		e.read(s, what&gone != 0)
	}
}

// connected ends connecting, well or not.
func (e *epoll) connected(s *socket, what uint32) bool {
	if what&(unix.EPOLLOUT|unix.EPOLLERR|unix.EPOLLHUP) == 0 {
		return false
	}
	if code, err := unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR); err != nil || code != 0 {
		if err == nil {
			err = unix.Errno(code)
		}
		e.fail(s, connectFailure(err), fmt.Errorf("connecting to %s: %w", e.at(s.request), err))
		return false
	}
	e.sockets.unlink(connecting, s)
	s.request.Connect = e.now.Sub(s.request.Sent)
	e.write(s)
	return e.sockets.all[s.place] == s
}

// read takes what is there; ending says that the server closed its side.
func (e *epoll) read(s *socket, ending bool) {
	for {
		n, err := receive(s.fd, e.buffer)
		switch {
		case err == unix.EAGAIN:
			return
		case err != 0:
			e.fail(s, results.Reset, fmt.Errorf("reading: %w", err))
			return
		case n == 0:
			e.ended(s)
			return
		}
		if e.took(s, e.buffer[:n], ending) || n < len(e.buffer) && !ending {
			return
		}
	}
}

// took feeds b to the answer and says whether the exchange is over.
func (e *epoll) took(s *socket, b []byte, ending bool) bool {
	r := s.request
	if r.FirstByte == 0 {
		r.FirstByte = e.now
		e.sockets.unlink(unanswered, s)
	}
	rest, err := s.response.feed(b)
	switch {
	case err != nil:
		e.fail(s, results.Malformed, err)
	case s.response.phase == complete:
		e.answered(s, !ending && len(rest) == 0 && len(s.out) == 0)
	default:
		return false
	}
	return true
}

func (e *epoll) ended(s *socket) {
	if s.response.end() {
		e.answered(s, false)
		return
	}
	e.fail(s, results.Reset, errShort)
}

func (e *epoll) answered(s *socket, keep bool) {
	r := s.request
	r.Status = s.response.status
	e.name(&r.Answer, s.response.body)
	if keep && r.KeepAlive && !s.response.close {
		e.keep(s)
	} else {
		e.discard(s)
	}
	e.end(r, results.Answered, nil)
}
