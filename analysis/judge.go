package analysis

import (
	"cmp"
	"slices"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// judge gathers everything that one pass over the records finds.
type judge struct {
	run            results.Run
	pool           *pool
	sessions       map[wire.SessionID]*session
	rebinds        int64
	excusedRebinds int64
	violations     []results.Violation
	ledgerLost     map[wire.SessionID]bool
	nonces         map[uint64]bool
	failovers      []failover
	moves          []move
	conduct        conduct
	numbers        map[string]int // of instances in Run.Instances
}

func newJudge(run results.Run, changes []results.Change) *judge {
	p := newPool(run, changes)
	j := &judge{run: run, pool: p, sessions: map[wire.SessionID]*session{},
		ledgerLost: map[wire.SessionID]bool{}, nonces: map[uint64]bool{}}
	for _, o := range p.outages {
		j.failovers = append(j.failovers, failover{outage: o})
	}
	j.moves = p.moves(run)
	slices.SortStableFunc(j.moves, func(a, b move) int { return cmp.Compare(a.at, b.at) })
	j.numbers = map[string]int{}
	for n, i := range run.Instances {
		j.numbers[i.Name] = n
	}
	return j
}

// exchange takes one record; those of one session come in order of completion. It says whether the
// answer lost the session's state.
func (j *judge) exchange(e *results.Exchange) (fresh bool) {
	if e.Failure == results.Dropped {
		return false
	}
	s, ok := j.sessions[e.ID]
	if !ok {
		s = &session{id: e.ID}
		j.sessions[e.ID] = s
	}
	if e.Flags&results.Warmup == 0 {
		s.requests++
	}
	j.meetOutages(s, e)
	j.meetMoves(s, e)
	j.notice(s, e)
	if e.Failure == results.Answered && e.Instance != "" {
		return j.visit(s, e)
	}
	return false
}

// ordered lists the sessions in a fixed order.
func (j *judge) ordered() []*session {
	list := make([]*session, 0, len(j.sessions))
	for _, s := range j.sessions {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *session) int {
		return cmp.Or(cmp.Compare(a.id.User, b.id.User), cmp.Compare(a.id.Session, b.id.Session))
	})
	return list
}
