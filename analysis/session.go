package analysis

import (
	"net/netip"
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// session is what the judge remembers of one session. What each exchange touches comes first and lies
// together, in two lines of the processor's cache: with many sessions, it waits for little else.
type session struct {
	id        wire.SessionID
	home      string
	bound     clock.Time // when home began
	firstDone clock.Time
	lastDone  clock.Time
	lastAt    clock.Time // when home last answered
	answered  uint32
	requests  uint32 // in the measured window
	stayed    uint32 // follow-ups answered by home
	followUps uint32
	faults    uint32 // outages already met
	moves     uint32 // pool changes already met
	jarless   bool
	broken    bool
	seen      bool // an exchange came, not only a ledger's line
	involved  bool // in an outage or a pool change that is still told
	behaviour
	memory memory

	found     [kinds]finding
	opening   uint32     // highest number of the requests that were due before the first answer
	source    netip.Addr // of its first request
	placed    string     // first home: where the balancer put it
	victimOf  []string   // outages that hit its home
	hidden    *hidden
	since     clock.Time // when it left the register, if it did
	victims   []victim   // of the same outages
	handovers *handovers // nil where the balancer has one replica
	pending   []pending
}

// finding is what was found of one kind of anomaly in a session.
type finding uint8

const (
	clean finding = iota
	excused
	unexcused
)

// kind is a consistency anomaly.
type kind int

const (
	lost kind = iota
	stale
	fork
	duplicate
	leak
	kinds
)

func (k kind) String() string { return [...]string{"lost", "stale", "fork", "duplicate", "leak"}[k] }

// excuse says why a session was allowed to leave its home; "" means it was not.
func (j *judge) excuse(s *session, e *results.Exchange) string {
	m := &j.run.Mechanism
	switch {
	case e.Flags&results.MarkerDropped != 0:
		return "cleared: the client did not send the marker it was given"
	case j.pool.unavailable(s.home, e.Sent, e.Done):
		return "home gone: " + s.home + " was out"
	case s.idled(e, m):
		return "expired: idle past the marker's lifetime"
	case s.aged(e, m):
		return "expired: older than the marker's lifetime"
	case e.Flags&results.AddressChanged != 0 && m.Key == "address":
		return "moved: the client's address changed"
	case m.Family == results.MoveAndHome && j.pool.changed(s.lastDone, e.Done):
		return "re-hash: the pool changed"
	case m.Family == results.Flap && slices.Contains(s.victimOf, e.Instance):
		return "came home: the marker still names " + e.Instance
	}
	return ""
}

// idled says whether a sliding marker may have expired: some are renewed up to a tenth of their lifetime late.
func (s *session) idled(e *results.Exchange, m *results.Mechanism) bool {
	return m.TTL > 0 && m.Sliding && e.Sent.Sub(s.lastDone) >= m.TTL*9/10
}

// aged says whether an absolute marker has expired.
func (s *session) aged(e *results.Exchange, m *results.Mechanism) bool {
	return m.TTL > 0 && !m.Sliding && e.Sent.Sub(s.bound) >= m.TTL
}

// visit takes one answered exchange of the session, in order of completion, and says whether it lost
// the session's state.
func (j *judge) visit(s *session, e *results.Exchange) (fresh bool) {
	first := s.answered == 0
	if first && e.Flags&results.MarkerDropped != 0 { // later it is an accident, which excuses one switch
		s.jarless = true
	}
	s.answered++
	if first {
		s.placed, s.bound, s.firstDone, s.source = e.Instance, e.Done, e.Done, e.Source
		j.bind(s, e)
	}
	if e.Due < s.firstDone {
		s.opening = max(s.opening, e.Seq)
	}
	burst := !first && e.Due < s.bound // a request is due only after the answers that it builds on
	home, why := s.home, ""
	switch {
	case burst: // sent in parallel, before the binding was known: the marker that came last binds
		j.bind(s, e)
	case !first:
		why = j.follow(s, e)
	}
	fresh = j.remember(s, e, burst, why)
	if e.Replica != 0 && !burst {
		j.handOver(s, e, home, why)
	}
	s.lastDone = e.Done
	if e.Instance == s.home {
		s.lastAt = e.Done
	}
	return fresh
}

// follow judges a later request of a bound session and returns the excuse of a switch.
func (j *judge) follow(s *session, e *results.Exchange) (why string) {
	measured := e.Flags&results.Warmup == 0
	if measured {
		s.followUps++
	}
	if e.Instance == s.home {
		if measured {
			s.stayed++
		}
		if e.Flags&results.MarkerDropped != 0 {
			s.bound = e.Done // anew, and here by chance
		}
		return ""
	}
	why = j.excuse(s, e)
	kind := "switch"
	if exile := j.exile(s, e); why == "" && exile != nil {
		why = "home gone: " + j.failovers[exile.failover].instance + " is still out"
		if measured && j.flapped(s, e, exile) {
			kind = "flap"
		}
	}
	if measured && !s.jarless {
		j.rebinds++
		j.switched(s, e, kind, why)
	}
	s.bound = e.Done
	j.bind(s, e)
	return why
}

// bind makes who answered the session's home. Where that is out already and the balancer does not know yet, the session
// will have to leave it as if it had been there before.
func (j *judge) bind(s *session, e *results.Exchange) {
	s.home = e.Instance
	if s.jarless {
		return
	}
	for i := range j.failovers {
		f := &j.failovers[i]
		if f.from > e.Done {
			return // they are in order
		}
		if f.instance == s.home && e.Sent <= f.to && !slices.ContainsFunc(s.victims, func(v victim) bool { return v.failover == i }) {
			s.involved = true
			s.victimOf = append(s.victimOf, f.instance)
			s.victims = append(s.victims, victim{failover: i, late: true})
		}
	}
}

func (j *judge) switched(s *session, e *results.Exchange, kind, why string) {
	if kind == "flap" && j.run.Mechanism.Family != results.Flap {
		j.excusedRebinds++
		j.violation(s, e, kind, s.home, "", "moved again while its home was out; this mechanism does not promise to flap")
		return
	}
	if why != "" {
		j.excusedRebinds++
	} else {
		s.broken = true
	}
	what := "answered by another instance than its home"
	if e.Flags&results.MarkerDoubled != 0 {
		what += ", its marker came beside another cookie of the same name"
	}
	if why == "" {
		what += j.told(s, e)
	}
	j.violation(s, e, kind, s.home, why, what)
}

func (j *judge) violation(s *session, e *results.Exchange, kind, from, why, what string) {
	v := violation{id: s.id, at: e.Done, kind: kind, from: from, to: e.Instance, replica: j.replica(e.Replica), excused: why != "", why: why}
	if why == "" {
		v.why = what
	}
	j.violations.add(v)
}
