package analysis

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// accesses gives the lines of the balancer's log, about in order of time.
type accesses interface {
	Next(*results.Access) (more bool, err error)
	Close()
}

var _ accesses = (*results.AccessReader)(nil)

// account compares what the balancer says of each request with what its two ends say.
type account struct {
	log    accesses
	ahead  results.Access // read, and later than what was asked for
	more   bool
	open   map[request]*entry
	queue  []*entry // in order of their first mention
	now    clock.Time
	settle patience

	requests, disagree, retried, hidden, unlogged, unreadable int64
	failed                                                    map[string]int64 // tries that did not answer, by instance
	own                                                       *hdrhistogram.Histogram
}

// request is what the three accounts are joined by.
type request struct {
	id  wire.SessionID
	seq uint32
}

// entry is what is known of one request.
type entry struct {
	request
	since    clock.Time
	exchange bool
	measured bool
	answered bool // by an instance, to the client
	instance string
	served   []string // by ledger
	logged   *results.Access
}

// settled is how long the accounts of one request wait for one another: a duplicate may be served much later.
const settled = 2 * time.Second

// newAccount is nil where the balancer kept no log. It closes the log at its end.
func newAccount(in input) (*account, error) {
	if in.access == nil {
		return nil, nil
	}
	log, err := in.access()
	if err != nil || log == nil {
		return nil, err
	}
	a := &account{log: log, open: map[request]*entry{}, settle: in.patience, failed: map[string]int64{}, own: hdrhistogram.New(1, longest, 3)}
	a.more, err = log.Next(&a.ahead)
	return a, err
}

// reach takes the log as far as the other records have come.
func (a *account) reach(now clock.Time) error {
	if a == nil {
		return nil
	}
	a.now = max(a.now, now)
	for a.more && a.ahead.Time <= a.now {
		a.line(a.ahead)
		var err error
		if a.more, err = a.log.Next(&a.ahead); err != nil {
			return err
		}
	}
	for len(a.queue) > 0 && a.due(a.queue[0]) {
		a.close(a.queue[0])
		a.queue = a.queue[1:]
	}
	return nil
}

// due says whether nothing more is to be waited for.
func (a *account) due(e *entry) bool {
	age := a.now.Sub(e.since)
	return e.exchange && e.logged != nil && age > settled || a.settle.spent(len(a.queue), age)
}

func (a *account) of(r request, at clock.Time) *entry {
	e := a.open[r]
	if e == nil {
		e = &entry{request: r, since: at}
		a.open[r] = e
		a.queue = append(a.queue, e)
	}
	return e
}

func (a *account) line(l results.Access) {
	if l.Unreadable != "" {
		a.unreadable++
		return
	}
	if id, err := wire.ParseSessionID(l.Session); err == nil { // others are not the generator's
		a.of(request{id, l.Seq}, l.Time).logged = &l
	}
}

func (a *account) exchange(x *results.Exchange) {
	if a == nil || x.Failure == results.Dropped || x.Failure == results.Canceled {
		return
	}
	e := a.of(request{x.ID, x.Seq}, x.Done)
	e.exchange, e.measured, e.instance = true, x.Flags&results.Warmup == 0, x.Instance
	e.answered = x.Failure == results.Answered && x.Instance != ""
}

func (a *account) serve(s *results.Serve) {
	if a == nil {
		return
	}
	e := a.of(request{s.ID, s.Seq}, s.End)
	e.served = append(e.served, s.Instance)
}

// close compares the accounts of one request. What the client did not record, and what came before the measured window,
// tells nothing.
func (a *account) close(e *entry) {
	delete(a.open, e.request)
	switch {
	case !e.measured:
	case e.logged != nil:
		a.compare(e)
	case e.answered:
		a.unlogged++
	}
}

func (a *account) compare(e *entry) {
	a.requests++
	tries := e.logged.Tries
	if e.logged.Retries > 0 {
		a.retried++
		if e.answered && len(e.served) <= 1 { // the client saw one good answer, the ledgers one request
			a.hidden++
		}
	}
	for n, try := range tries {
		if n < len(tries)-1 {
			a.failed[try.Instance]++
		}
	}
	if chosen := chosen(tries); e.answered && (chosen != e.instance || len(e.served) > 0 && !slices.Contains(e.served, chosen)) {
		a.disagree++
	}
	if own, told := ownTime(e.logged); told {
		_ = a.own.RecordValue(min(max(int64(own), 0), longest)) // clamped: cannot fail
	}
}

// chosen is the instance that the balancer says it chose in the end.
func chosen(tries []results.Try) string {
	if len(tries) == 0 {
		return ""
	}
	return tries[len(tries)-1].Instance
}

// ownTime is what the balancer spent without waiting for an instance, where it tells how long each try took.
func ownTime(l *results.Access) (own time.Duration, told bool) {
	own = l.Took
	for _, try := range l.Tries {
		if told = try.Took > 0; !told {
			return 0, false
		}
		own -= try.Took
	}
	return own, told && len(l.Tries) > l.Retries
}

// finish takes what is left. Nothing more will come.
func (a *account) finish() error {
	if a == nil {
		return nil
	}
	if err := a.reach(never); err != nil {
		return err
	}
	for _, e := range a.queue {
		a.close(e)
	}
	a.queue = nil
	return nil
}

func (a *account) end() {
	if a != nil {
		a.log.Close()
	}
}

func (a *account) report(s *sheet) {
	if a == nil {
		return
	}
	s.count("balancer.log.requests", nil, a.requests, "")
	s.count("balancer.log.disagree", nil, a.disagree, "lower")
	s.count("balancer.log.retried", nil, a.retried, "lower")
	s.count("balancer.log.hidden_retries", nil, a.hidden, "lower")
	s.count("balancer.log.unlogged", nil, a.unlogged, "lower")
	for _, name := range slices.Sorted(maps.Keys(a.failed)) {
		s.count("balancer.log.failed_tries", map[string]string{"instance": name}, a.failed[name], "lower")
	}
	if a.own.TotalCount() > 0 {
		s.put(spell("balancer.log.own_time.mean", nil, a.own.Mean(), a.own))
		s.put(spell("balancer.log.own_time.p99", nil, float64(a.own.ValueAtQuantile(99)), a.own))
	}
}

// notes says what the log lacks.
func (a *account) notes(in input) []string {
	switch {
	case a == nil && in.experiment.Balancer.Log:
		return []string{"lb.access_log: the balancer's log is missing; its account was not compared"}
	case a != nil && a.unreadable > 0:
		return []string{fmt.Sprintf("%d lines of the balancer's log cannot be read, as when it is killed while writing; they are left out", a.unreadable)}
	}
	return nil
}
