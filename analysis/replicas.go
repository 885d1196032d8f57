package analysis

import (
	"slices"
	"strings"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// A balancer's replicas agree on a session when each sends it to where the one before did, or has a reason not
// to. They are held against one another at each hand-over: an answer through another replica than the
// session's last one.

// health is what replicas could see of the pool at a hand-over.
type health int

const (
	steady  health = iota
	outages        // an instance was out, or had been within the detection window
	blinded        // a replica could not reach an instance, or could not within the detection window
	healths
)

func (h health) String() string { return [...]string{"steady", "outage", "blind"}[h] }

// numbered is an array by Exchange.Replica, which counts from 1.
type numbered[T any] [profiles.MostReplicas + 1]T

// handovers is what is remembered of one session's replicas.
type handovers struct {
	last     uint8            // replica that answered last; 0 = none is known
	at       clock.Time       // when that one was asked
	met      [healths]bool    // it was handed over
	parted   [healths]bool    // and a replica sent it elsewhere without excuse
	alone    bool             // it was sent elsewhere without excuse by the replica that answered last
	said     numbered[string] // where each replica sent it last
	departed numbered[bool]   // replicas to which a move was due
}

// agreement sums up the sessions that are over.
type agreement struct {
	reached, parted [healths]int64
	several, apart  int64 // in any health
	broken          int64 // sessions that one replica would have kept
	departed        numbered[int64]
}

func (a *agreement) add(s *session) {
	h := s.handovers
	if h == nil || !s.eligible() || !slices.Contains(h.met[:], true) {
		return
	}
	apart := slices.Contains(h.parted[:], true)
	a.several, a.apart = a.several+1, a.apart+int64(btoi(apart))
	a.broken += int64(btoi(apart && !h.alone))
	for k := range healths {
		a.reached[k] += int64(btoi(h.met[k]))
		a.parted[k] += int64(btoi(h.parted[k]))
	}
	for n, departed := range h.departed {
		a.departed[n] += int64(btoi(departed))
	}
}

// handOver holds the replica that answered against the one before. Home is where the session was bound before this answer; why excuses that it is
// not there any more.
func (j *judge) handOver(s *session, e *results.Exchange, home, why string) {
	if s.handovers == nil {
		s.handovers = &handovers{}
	}
	h := s.handovers
	before, measured := h.last, e.Flags&results.Warmup == 0
	moved := home != "" && e.Instance != home && why == ""
	switch {
	case before == 0 || !measured:
	case before == e.Replica:
		h.alone = h.alone || moved
	default:
		at := j.pool.health(e.Sent)
		h.met[at] = true
		h.parted[at] = h.parted[at] || moved
		if moved {
			j.depart(h, e, home)
		}
	}
	if measured {
		j.through[e.Replica]++
	}
	h.last, h.at, h.said[e.Replica] = e.Replica, e.Sent, e.Instance
}

// depart finds to which replica the move of a hand-over is due. One that could not choose as the other did departed,
// whichever came first: a session that began on a blind replica is where no other would have sent it. Where both
// could, it is the newcomer, once: what it said before, it only says again.
func (j *judge) depart(h *handovers, e *results.Exchange, home string) {
	before := j.misled(h.last, e.Instance, h.at)
	now := j.misled(e.Replica, home, e.Sent)
	if before {
		h.departed[h.last] = true
	}
	if (now || !before) && h.said[e.Replica] != e.Instance {
		h.departed[e.Replica] = true
	}
}

// misled says whether blindness kept a replica from choosing the instance at t: it could not reach it, or hashed over
// a pool of another size.
func (j *judge) misled(replica uint8, instance string, t clock.Time) bool {
	blind := j.pool.blindTo(j.replica(replica), t)
	return slices.Contains(blind, instance) || len(blind) > 0 && j.run.Mechanism.Disruption == "modulo"
}

// told says of a switch which replica had answered before, and what either was blind to.
func (j *judge) told(s *session, e *results.Exchange) string {
	if e.Replica == 0 || s.handovers == nil || s.handovers.last == 0 || s.handovers.last == e.Replica {
		return ""
	}
	now, before := j.replica(e.Replica), j.replica(s.handovers.last)
	text := ", where " + before + " had sent it"
	for _, view := range []struct {
		replica string
		at      clock.Time
	}{{now, e.Sent}, {before, s.handovers.at}} {
		if blind := j.pool.blindTo(view.replica, view.at); len(blind) > 0 {
			text += "; " + view.replica + " is blind to " + strings.Join(blind, ", ")
		}
	}
	if j.pool.startedAnew(now, e.Sent) {
		text += "; " + now + " had started anew"
	}
	return text
}

// replica is the name of the n-th replica, from 1; empty for 0.
func (j *judge) replica(n uint8) string {
	if n == 0 || int(n) > len(j.run.Replicas) {
		return ""
	}
	return j.run.Replicas[n-1].Name
}

// blindness is a time in which a replica could not reach an instance.
type blindness struct {
	replica, instance string
	from, to          clock.Time
}

// trackSight follows the changes of what replicas see: they come in turns, blind and seeing again.
func (p *pool) trackSight(c results.Change) {
	for i := range p.blind {
		if b := &p.blind[i]; b.replica == c.Instance && b.instance == c.Toward && b.to == never {
			b.to = c.Time
			return
		}
	}
	p.blind = append(p.blind, blindness{c.Instance, c.Toward, c.Time, never})
}

// blindTo lists the instances that a replica could not reach at t, or not within the detection window before.
func (p *pool) blindTo(replica string, t clock.Time) (instances []string) {
	for _, b := range p.blind {
		if b.replica == replica && b.from <= t && t <= b.to.Add(p.detection) {
			instances = append(instances, b.instance)
		}
	}
	return instances
}

// health is that of the pool at t.
func (p *pool) health(t clock.Time) health {
	switch {
	case slices.ContainsFunc(p.blind, func(b blindness) bool { return b.from <= t && t <= b.to.Add(p.detection) }):
		return blinded
	case slices.ContainsFunc(p.outages, func(o outage) bool { return o.from <= t && t <= o.to.Add(p.detection) }):
		return outages
	}
	return steady
}

func (j *judge) reportReplicas(sh *sheet) {
	if len(j.run.Replicas) == 0 {
		return
	}
	a := &j.census.agreement
	sh.count("replicas.count", nil, int64(len(j.run.Replicas)), "")
	sh.count("replicas.reached_sessions", nil, a.several, "")
	sh.count("replicas.disagreements", nil, a.apart, "lower")
	sh.count("replicas.broken_sessions", nil, a.broken, "lower")
	agreed(sh, nil, a.several, a.apart)
	for k := range healths {
		agreed(sh, map[string]string{"phase": k.String()}, a.reached[k], a.parted[k])
	}
	for n, replica := range j.run.Replicas {
		labels := map[string]string{"replica": replica.Name}
		sh.count("replicas.requests", labels, j.through[n+1], "")
		j.reportDowntimes(sh, n+1)
		sh.count("replicas.departures", labels, a.departed[n+1], "lower")
	}
}

func agreed(sh *sheet, labels map[string]string, reached, parted int64) {
	if reached == 0 {
		return
	}
	lo, hi := stats.Proportion(reached-parted, reached)
	sh.put(results.Metric{Name: "replicas.agreement", Labels: labels, Unit: "ratio", Better: "higher",
		Value: float64(reached-parted) / float64(reached), Lo: &lo, Hi: &hi, N: reached})
}
