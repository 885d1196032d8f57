package analysis

import (
	"math"
	"slices"
	"sort"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// stretch is a time between two things that happen to the pool. Most of a run is calm: for an exchange
// that was sent and done in one calm stretch, no outage and no change of the pool has to be looked at.
type stretch struct {
	from, to      clock.Time // without to
	calm          bool       // no instance is out, or came back so lately that the balancer may not know
	faults, moves uint32     // how many began by from
}

// stretchesOf cuts all of time where an outage begins, its detection ends or the pool changes.
func stretchesOf(p *pool, moves []move) (list []stretch) {
	cuts := []clock.Time{math.MinInt64}
	for _, o := range p.outages {
		cuts = append(cuts, o.from, o.to.Add(p.detection)+1)
	}
	for _, m := range moves {
		cuts = append(cuts, m.at)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	for i, from := range cuts {
		s := stretch{from: from, to: math.MaxInt64, calm: true}
		if i+1 < len(cuts) {
			s.to = cuts[i+1]
		}
		for _, o := range p.outages {
			s.faults += uint32(btoi(o.from <= from))
			s.calm = s.calm && (from < o.from || o.to.Add(p.detection) < from)
		}
		for _, m := range moves {
			s.moves += uint32(btoi(m.at <= from))
		}
		list = append(list, s)
	}
	return list
}

// enterStretch finds the stretch of an exchange; one that reaches over its end was in no calm one.
func (j *judge) enterStretch(e *results.Exchange) {
	if s := j.stretch; e.Sent < s.from || e.Sent >= s.to {
		i := sort.Search(len(j.stretches)-1, func(i int) bool { return e.Sent < j.stretches[i].to })
		j.stretch = &j.stretches[i]
	}
	j.calm = j.stretch.calm && e.Sent <= e.Done && e.Done < j.stretch.to
}

// quiet says whether no outage and no change of the pool has anything to do with the session now. One
// without a home has lived through nothing yet.
func (j *judge) quiet(s *session) bool {
	if !j.calm || s.involved {
		return false
	}
	if s.home == "" {
		s.faults, s.moves = max(s.faults, j.stretch.faults), max(s.moves, j.stretch.moves)
	}
	return s.faults >= j.stretch.faults && s.moves >= j.stretch.moves
}
