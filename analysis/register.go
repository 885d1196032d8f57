package analysis

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// register holds the sessions that may still get records. One that is over is kept for what may come
// late, and is then folded into the census and forgotten: memory follows the number of sessions at
// once, not the length of the run.
type register struct {
	sessions roster
	byUser   []*session  // those that play, one at each place, by user number; saves most look-ups
	leaving  []departure // in order
	spare    []*session  // forgotten
	now      clock.Time
	touched  uint32
	patience
}

func newRegister(p patience) register {
	return register{sessions: newRoster(), byUser: make([]*session, userPlaces), patience: p}
}

// departure is a session that is to be forgotten.
type departure struct {
	s     *session
	since clock.Time
}

// patience is how long things are kept that are over, and how many at least and at most. A small run
// forgets nothing; one with very many short sessions forgets early.
type patience struct {
	grace       time.Duration
	least, most int
}

// What is kept of sessions: about 20 MB at least and 160 MB at most.
const (
	leastLeaving = 1 << 16
	mostLeaving  = 1 << 19
)

// patient waits longer than any request of the experiment can be under way: until the client gave up
// twice over, an instance was frozen, and a minute more for the balancer's own time-outs.
func patient(e *profiles.Experiment) patience {
	p := patience{grace: time.Minute + 2*time.Duration(e.Load.Timeout), least: leastLeaving, most: mostLeaving}
	for _, f := range e.Faults {
		p.grace = max(p.grace, time.Minute+time.Duration(e.Load.Timeout+f.For))
	}
	return p
}

// spent says whether of so many things one of that age may be forgotten.
func (p patience) spent(n int, age time.Duration) bool {
	return n > p.most || n > p.least && age > p.grace
}

const userPlaces = 1 << 16 // half a megabyte

func userPlace(id wire.SessionID) uint32 { return id.User % userPlaces }

// approach touches the sessions of some exchanges that come next. The processor waits for all of them
// at once; without that, it would wait for each in turn when it is judged. The sum only keeps the
// compiler from leaving the reads out.
func (r *register) approach(batch []results.Exchange) {
	for i := range batch {
		if s := r.byUser[userPlace(batch[i].ID)]; s != nil {
			r.touched += s.requests + s.memory.version
		}
	}
	for _, d := range r.leaving[:min(len(r.leaving), len(batch)/16)] { // a session has some exchanges
		r.touched += d.s.requests
	}
}

// attending gives the session that plays under the number of an exchange.
func (r *register) attending(id wire.SessionID) *session {
	at := &r.byUser[userPlace(id)]
	if s := *at; s != nil && s.id == id {
		return s
	}
	s := r.enter(id)
	if s.since == 0 {
		*at = s
	}
	return s
}

// enter takes a session that plays; what the ledgers told before counts for it.
func (r *register) enter(id wire.SessionID) *session {
	s := r.sessions.find(id)
	switch {
	case s == nil:
		s = r.add(id)
	case s.seen:
		return s // it plays, or this is a record out of order
	}
	s.seen, s.since = true, 0
	return s
}

// add takes a session in, in the memory of one that was forgotten if there is one.
func (r *register) add(id wire.SessionID) *session {
	var s *session
	if last := len(r.spare) - 1; last >= 0 {
		s, r.spare = r.spare[last], r.spare[:last]
	} else {
		s = new(session)
	}
	*s = session{id: id}
	r.sessions.add(s)
	return s
}

// leave lets the session be forgotten when nothing late can come any more.
func (r *register) leave(s *session) {
	if at := &r.byUser[userPlace(s.id)]; *at == s {
		*at = nil
	}
	s.since = r.now
	r.leaving = append(r.leaving, departure{s, r.now})
}

// departed forgets the next session whose time is over; nil when there is none.
func (r *register) departed() *session {
	for len(r.leaving) > 0 && r.spent(len(r.leaving), r.now.Sub(r.leaving[0].since)) {
		d := r.leaving[0]
		r.leaving = r.leaving[1:]
		if d.s.since == d.since {
			d.s.since = 0 // it may stand in line twice
			r.sessions.remove(d.s.id)
			return d.s
		}
	}
	return nil
}
