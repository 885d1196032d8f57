package analysis

import (
	"fmt"
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// ledgers gives the instances' records in order of End.
type ledgers interface {
	End() (at clock.Time, more bool)
	Next(*results.Serve) (more bool, err error)
	Close()
}

var _ ledgers = (*results.Ledgers)(nil)

// hidden is what only the ledgers tell of a session; it is judged when the session is over, because
// only then all of it is known.
type hidden struct {
	created []creation
	twice   []violation // writes applied again, at most as many as are listed
	more    int         // and those beyond
}

// creation is a new record made for a session that may have had one.
type creation struct {
	start clock.Time
	seq   uint32
}

// create keeps the creations of which none is both later and higher numbered than another: whether one
// lies beyond the opening does not depend on the others. Mostly that is the last one.
func (h *hidden) create(c creation) {
	for _, k := range h.created {
		if k.start >= c.start && k.seq >= c.seq {
			return
		}
	}
	h.created = slices.DeleteFunc(h.created, func(k creation) bool { return k.start <= c.start && k.seq <= c.seq })
	h.created = append(h.created, c)
}

func (h *hidden) repeat(v violation) {
	if len(h.twice) < listed {
		h.twice = append(h.twice, v)
	} else {
		h.more++
	}
}

// serve takes one line of a ledger: what the client could not see. The first request of a session
// makes its record; only later ones are looked at.
func (j *judge) serve(l *results.Serve) {
	if l.Start >= j.run.Measured {
		j.operations.add(l)
	}
	if l.Status != 200 || l.Start < j.run.Measured {
		return
	}
	if l.Origin == results.None && l.Seq > 0 {
		j.hidden(l.ID).create(creation{l.Start, l.Seq})
	}
	if l.Write {
		j.writes = append(j.writes, write{l.ID, l.Nonce, l.End, l.Instance})
		if len(j.writes) == mostWrites {
			j.checkWrites()
		}
	}
}

// write is one line of a ledger whose nonce is still to be looked up.
type write struct {
	id       wire.SessionID
	nonce    uint64
	end      clock.Time
	instance string
}

// mostWrites are looked up together.
const mostWrites = 64

// checkWrites finds the writes that were there before. It reaches for all nonces at first, so that the
// processor waits for memory once and not for each.
func (j *judge) checkWrites() {
	for _, w := range j.writes {
		j.touched += uint32(j.nonces.approach(w.nonce))
	}
	for _, w := range j.writes {
		if j.nonces.repeated(w.nonce, w.end) {
			j.hidden(w.id).repeat(violation{id: w.id, at: w.end, kind: duplicate.String(), from: w.instance, to: w.instance, why: "one write was applied twice"})
		}
	}
	j.writes = j.writes[:0]
}

// hidden finds what the ledgers tell of a session, which may be ahead of its first exchange.
func (j *judge) hidden(id wire.SessionID) *hidden {
	s := j.sessions.find(id)
	if s == nil {
		s = j.add(id)
		j.leave(s)
	}
	if s.hidden == nil {
		s.hidden = &hidden{}
	}
	return s.hidden
}

// unhide judges what the ledgers tell of a session that is over.
func (j *judge) unhide(s *session) {
	if s.hidden == nil || s.jarless {
		return
	}
	if slices.ContainsFunc(s.hidden.created, func(c creation) bool { return c.start > s.firstDone && c.seq > s.opening }) {
		j.census.ledgerLost++
	}
	if len(s.hidden.twice) > 0 {
		s.found[duplicate] = unexcused
	}
	for _, v := range s.hidden.twice {
		j.violations.add(v)
	}
	j.violations.total += s.hidden.more
}

// lateNote says what was left out because it came after its session was forgotten.
func (j *judge) lateNote() []string {
	if j.late == 0 {
		return nil
	}
	return []string{fmt.Sprintf("lost state or repeated writes of %d sessions came to light when the session was over and forgotten, or without any of its requests recorded: not judged", j.late)}
}
