package analysis

import (
	"slices"

	"github.com/stickybench/stickybench/results"
)

// memory is the client's side of the oracle for one session: the history it has seen.
type memory struct {
	epoch   uint64
	head    uint64 // of the version
	version uint32 // highest seen or acknowledged
	old     []uint64
}

// remembered bounds how many old epochs are kept per session.
const remembered = 16

// remember compares an answer's state with what the session saw before. Why is the excuse of a
// switch that happened with this answer. It says whether the answer came with a new, empty record.
func (j *judge) remember(s *session, e *results.Exchange, burst bool, why string) (fresh bool) {
	if e.Epoch == 0 {
		return false
	}
	if e.Owner != e.ID {
		j.anomaly(s, e, leak, why, "the answer belongs to session "+e.Owner.String())
		return false
	}
	m := &s.memory
	switch {
	case s.jarless:
	case m.epoch == 0 || burst:
		m.adopt(e)
	case e.Epoch != m.epoch:
		return j.otherEpoch(s, e, why)
	case e.Version < m.version:
		j.anomaly(s, e, stale, why, "an older version than this session has seen")
	default:
		j.sameEpoch(s, e, why)
	}
	return false
}

func (m *memory) adopt(e *results.Exchange) {
	m.epoch, m.version, m.head = e.Epoch, e.Version, e.Head
}

// otherEpoch is a new record (the state is lost) or an old one that comes back (two histories).
func (j *judge) otherEpoch(s *session, e *results.Exchange, why string) (fresh bool) {
	m := &s.memory
	if why == "" && j.pool.crashed(s.home, s.lastAt, e.Done) {
		why = "home gone: " + s.home + " lost its memory"
	}
	known := slices.Contains(m.old, e.Epoch)
	if known {
		j.anomaly(s, e, fork, why, "an earlier history of this session came back")
	} else {
		j.anomaly(s, e, lost, why, "the session's state is gone")
	}
	m.old = append(m.old, m.epoch)
	if len(m.old) > remembered {
		m.old = m.old[1:]
	}
	m.adopt(e)
	return !known
}

func (j *judge) sameEpoch(s *session, e *results.Exchange, why string) {
	m := &s.memory
	if e.Version == m.version && e.Head != m.head {
		j.anomaly(s, e, fork, why, "same version, another history")
		return
	}
	m.version, m.head = e.Version, e.Head
}

func (j *judge) anomaly(s *session, e *results.Exchange, k kind, why, what string) {
	if e.Flags&results.Warmup != 0 {
		return
	}
	found := unexcused
	if why != "" {
		found = excused
	}
	s.found[k] = max(s.found[k], found)
	j.violation(s, e, k.String(), s.home, why, what)
}
