package analysis

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
)

// register holds the sessions that may still get records. One that is over is kept for what may come
// late, and is then folded into the census and forgotten: memory follows the number of sessions at
// once, not the length of the run.
type register struct {
	sessions map[wire.SessionID]*session
	leaving  []departure // in order
	now      clock.Time
	patience
}

// departure is a session that is to be forgotten.
type departure struct {
	s     *session
	since clock.Time
}

// patience is how long, and how many, sessions are kept that are over. A small run forgets nothing.
type patience struct {
	grace time.Duration
	room  int
}

// mostLeaving keeps short runs exact whatever comes late, in about 20 MB.
const mostLeaving = 1 << 16

// patient waits longer than any request of the experiment can be under way: until the client gave up
// twice over, an instance was frozen, and a minute more for the balancer's own time-outs.
func patient(e *profiles.Experiment) patience {
	p := patience{grace: time.Minute + 2*time.Duration(e.Load.Timeout), room: mostLeaving}
	for _, f := range e.Faults {
		p.grace = max(p.grace, time.Minute+time.Duration(e.Load.Timeout+f.For))
	}
	return p
}

// find gives the session of that number, a new one where there is none.
func (r *register) find(id wire.SessionID) (s *session, known bool) {
	if s, known = r.sessions[id]; !known {
		s = &session{id: id}
		r.sessions[id] = s
	}
	return s, known
}

// leave lets the session be forgotten when nothing late can come any more.
func (r *register) leave(s *session) {
	s.since = r.now
	r.leaving = append(r.leaving, departure{s, r.now})
}

// stay takes back an earlier leave.
func (s *session) stay() { s.since = 0 }

// departed forgets the next session whose time is over; nil when there is none.
func (r *register) departed() *session {
	for len(r.leaving) > r.room && r.leaving[0].since.Add(r.grace) < r.now {
		d := r.leaving[0]
		r.leaving = r.leaving[1:]
		if d.s.since == d.since {
			d.s.since = 0 // it may stand in line twice
			delete(r.sessions, d.s.id)
			return d.s
		}
	}
	return nil
}
