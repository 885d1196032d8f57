package analysis

import (
	"cmp"
	"math"
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// judge gathers everything that one sweep over the records finds.
type judge struct {
	run  results.Run
	pool *pool
	register
	census         census
	operations     *operations
	rebinds        int64
	excusedRebinds int64
	violations     violations
	nonces         nonces
	failovers      []failover
	forgotten      bool
	late           int64 // sessions known to the ledgers only, after others were forgotten
	line           results.Serve
	writes         []write // of the ledgers, not yet looked up
	moves          []move
	latest         int   // move that has begun; -1 before the first
	joined         *move // the last instance that joined or returned
	stretches      []stretch
	stretch        *stretch // in which the exchange that is judged was sent
	calm           bool     // it is a calm one, and the exchange was done in it too
	conduct        conduct
	numbers        map[string]int  // of instances in Run.Instances
	through        numbered[int64] // answers by replica
	failed         refusals
	account        *account // nil = the balancer kept none
}

func newJudge(in input) *judge {
	p := newPool(in.run, in.changes)
	j := &judge{run: in.run, pool: p, census: newCensus(in.run), operations: newOperations(), nonces: newNonces(in.patience.grace), register: newRegister(in.patience)}
	for _, o := range p.outages {
		j.failovers = append(j.failovers, failover{outage: o})
	}
	j.moves, j.latest = p.moves(in.run), -1
	slices.SortStableFunc(j.moves, func(a, b move) int { return cmp.Compare(a.at, b.at) })
	j.stretches = stretchesOf(p, j.moves)
	j.stretch = &j.stretches[0]
	j.numbers = map[string]int{}
	for n, i := range in.run.Instances {
		j.numbers[i.Name] = n
	}
	return j
}

// reach takes the ledgers as far as the exchanges have come.
func (j *judge) reach(now clock.Time, l ledgers) error {
	j.now = max(j.now, now)
	for at, more := l.End(); more && at <= j.now; at, more = l.End() {
		if _, err := l.Next(&j.line); err != nil {
			return err
		}
		j.serve(&j.line)
		j.account.serve(&j.line)
	}
	return j.account.reach(now)
}

// settle does what can wait for the end of a batch: it looks up the writes and forgets the sessions that
// are over.
func (j *judge) settle() {
	j.checkWrites()
	for s := j.departed(); s != nil; s = j.departed() {
		j.forgotten = true
		j.conclude(s)
		j.spare = append(j.spare, s)
	}
}

// exchange takes one record; those of one session come in order of completion. It says whether the
// answer lost the session's state.
func (j *judge) exchange(e *results.Exchange) (fresh bool) {
	if e.Failure == results.Dropped {
		return false
	}
	s := j.attending(e.ID)
	if e.Flags&results.Warmup == 0 {
		s.requests++
	}
	j.enterStretch(e)
	if !j.quiet(s) {
		j.meetOutages(s, e)
		j.meetMoves(s, e)
	}
	j.takeUp(s, e)
	j.notice(s, e)
	j.fail(e)
	if e.Failure == results.Answered && e.Instance != "" {
		fresh = j.visit(s, e)
	}
	if e.Flags&results.Last != 0 {
		j.leave(s)
	}
	return fresh
}

// conclude folds a session that is over into the census.
func (j *judge) conclude(s *session) {
	if !s.seen {
		if j.forgotten {
			j.late++
		}
		return
	}
	j.unhide(s)
	j.census.add(s)
}

// finish takes the rest of the ledgers and concludes the sessions that the end of the run cut short.
func (j *judge) finish(l ledgers) error {
	if err := j.reach(math.MaxInt64/2, l); err != nil {
		return err
	}
	if err := j.account.finish(); err != nil {
		return err
	}
	j.settle()
	for _, seat := range j.sessions.seats {
		if seat.session != nil {
			j.conclude(seat.session)
		}
	}
	return nil
}

func (j *judge) reportAffinity(sh *sheet) {
	j.census.reportAffinity(sh)
	sh.count("affinity.rebinds", nil, j.rebinds, "lower")
	sh.count("affinity.excused_rebinds", nil, j.excusedRebinds, "")
	sh.ratio("affinity.stick_ratio", "higher", uint64(j.census.stayed), uint64(j.census.followUps))
	j.conduct.report(sh, j.run)
	j.power(sh, j.census.followUps, j.census.eligible)
}
