package analysis

import (
	"fmt"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// move is one change of the pool and what it did to sessions whose home was healthy all the time.
type move struct {
	instance    string
	at          clock.Time
	what        string
	ideal       float64 // share of them that has to move
	live, moved int64
	uptake      *uptake // of an instance that joins or returns
}

func (m *move) label(run results.Run) map[string]string {
	return map[string]string{"change": fmt.Sprintf("%s at %.1f s", m.what, seconds(run.Start, m.at))}
}

// pending is a session that has not yet answered what a change did to it.
type pending struct {
	move int
	home string
}

// moves lists the changes of the pool with the share that the mechanism has to move.
func (p *pool) moves(run results.Run) (list []move) {
	disruption := run.Mechanism.Disruption
	add := func(m move) {
		if m.at >= run.Measured && m.at < never {
			list = append(list, m)
		}
	}
	for _, o := range p.outages {
		share := p.share(run, o.instance, o.from)
		leave, back := 0.0, 0.0
		if run.Mechanism.Family == results.MoveAndHome {
			back = share
			if o.removed && disruption == "modulo" {
				leave = rehashed(p.members(run, o.from), o.instance, weightOf(run.Instances, o.instance))
				back = leave
			}
		}
		add(move{instance: o.instance, what: o.instance + " out (" + o.why + ")", at: o.from, ideal: leave})
		add(move{instance: o.instance, what: o.instance + " back", at: o.to, ideal: back, uptake: &uptake{share: share}})
	}
	for _, i := range run.Instances {
		at, joined := p.joined[i.Name]
		if !joined {
			continue
		}
		others := p.members(run, at)
		share, ideal := i.Weighs()/(total(others)+i.Weighs()), 0.0
		if run.Mechanism.Family == results.MoveAndHome {
			ideal = share
			if disruption == "modulo" {
				ideal = rehashed(others, i.Name, i.Weighs())
			}
		}
		add(move{instance: i.Name, what: i.Name + " added", at: at, ideal: ideal, uptake: &uptake{share: share}})
	}
	return list
}

// rehashed is the share of keys that a modulo hash moves when an instance of that weight joins or leaves the others: a
// key stays when both moduli happen to give it to the same one, of weight w of W with it and V without: Σ w²/(W·V).
func rehashed(pool []results.Instance, instance string, weight float64) float64 {
	same, others := 0.0, 0.0
	for _, i := range pool {
		if i.Name != instance {
			same, others = same+i.Weighs()*i.Weighs(), others+i.Weighs()
		}
	}
	if others == 0 {
		return 0
	}
	return 1 - same/(others*(others+weight))
}

// meetMoves notes which changes the session has lived through and, once the balancer must have
// settled, whether it was moved.
func (j *judge) meetMoves(s *session, e *results.Exchange) {
	for ; int(s.moves) < len(j.moves) && j.moves[s.moves].at <= e.Sent; s.moves++ {
		m := &j.moves[s.moves]
		if j.run.Mechanism.Family == results.Flap && j.exileIn(s, s.bound, m.at) != nil {
			continue // bound to what was out, it is where it is by chance
		}
		if s.home != "" && !s.jarless && s.home != m.instance && !j.pool.unavailable(s.home, m.at, m.at) {
			s.pending = append(s.pending, pending{int(s.moves), s.home})
			s.involved = true
		}
	}
	if m := &j.run.Mechanism; s.idled(e, m) || s.aged(e, m) {
		s.pending = nil // it may go where it likes
	}
	if len(s.pending) == 0 || e.Failure != results.Answered || e.Status >= 500 || e.Flags&(results.MarkerDropped|results.AddressChanged) != 0 {
		return
	}
	left := s.pending[:0]
	for _, p := range s.pending {
		m := &j.moves[p.move]
		if e.Sent < m.at.Add(j.pool.detection) {
			left = append(left, p)
			continue
		}
		if j.pool.unavailable(p.home, m.at, e.Done) {
			continue // another change hit it
		}
		m.live++
		if e.Instance != p.home {
			m.moved++
		}
	}
	s.pending = left
}

// tolerated is how much more than the ideal share a mechanism may move: real rings are uneven.
const tolerated = 2

func (j *judge) reportMoves(s *sheet) {
	if j.run.Mechanism.Family == results.NoAffinity || j.run.Mechanism.Family == results.Unknown {
		return
	}
	for i := range j.moves {
		m := &j.moves[i]
		if m.live == 0 {
			continue
		}
		labels := m.label(j.run)
		s.count("failover.live_sessions", labels, m.live, "")
		s.count("failover.live_moves", labels, m.moved, "lower")
		s.put(results.Metric{Name: "failover.ideal_live_moves", Labels: labels, Unit: "count", Value: m.ideal * float64(m.live), N: m.live})
		s.put(results.Metric{Name: "failover.excess_moves_p", Labels: labels, Unit: "p", N: m.live,
			Value: stats.BinomialTail(m.moved, m.live, min(1, tolerated*m.ideal))})
	}
}
