package analysis

import (
	"cmp"
	"slices"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// fate is what became of a session whose home failed.
type fate int

const (
	silent  fate = iota // it made no request that would tell
	stuck               // only failures since the detection: no failover
	moved               // to another instance; whether it stays there is not known yet
	flapped             // from one instance to another again and again
	stayed              // on the new home, also after the recovery
	home                // it came home
	fates
)

func (f fate) String() string {
	return [...]string{"silent", "stuck", "moved", "flap", "stay", "home"}[f]
}

// victim is one session whose home failed, while that outage is told.
type victim struct {
	failover int
	late     bool // it was bound there after the failure: no victim to count, but in exile like one
	fate     fate
	host     string     // who answered last since the failure
	hosted   clock.Time // when it did
	settled  bool       // since the detection, too
	back     bool       // it left a healthy host for an instance that was out when its home failed
	driven   bool       // it came home because its host failed: what it would have done of itself is not known
	asked    clock.Time
	served   bool
	strayed  bool // counted among the sessions that flapped
	met      [phases]places
}

// exile is the outage that keeps the session from its home while e is under way; nil when none does. Wherever it is
// meanwhile, it is not where it is bound.
func (j *judge) exile(s *session, e *results.Exchange) *victim {
	return j.exileIn(s, e.Sent, e.Done)
}

// exileIn is the outage that keeps the session from its home at any time in [from, to].
func (j *judge) exileIn(s *session, from, to clock.Time) *victim {
	for i := range s.victims {
		if o := j.failovers[s.victims[i].failover].outage; o.from <= to && from <= o.to.Add(j.pool.detection) {
			return &s.victims[i]
		}
	}
	return nil
}

// flapped says whether a switch in exile is a flap, and counts it: the balancer knew of the outage when it sent the
// session to where it was, and sent it on all the same.
func (j *judge) flapped(s *session, e *results.Exchange, v *victim) bool {
	f := &j.failovers[v.failover]
	if p, in := f.phaseAt(e.Sent, clock.Time(j.pool.detection)); !in || p != detected || s.lastAt <= f.from.Add(j.pool.detection) {
		return false
	}
	f.flaps++
	if !v.strayed {
		v.strayed = true
		f.flappers++
	}
	return true
}

// follow takes the next exchange of a victim, sent in the outage or after it.
func (f *failover) follow(v *victim, e *results.Exchange, number int, p phase, in bool, pool *pool) {
	answered := e.Failure == results.Answered && e.Status < 500 && e.Instance != ""
	if v.asked == 0 {
		v.asked = max(e.Due, f.from)
	}
	if answered && !v.served {
		v.served = true
		f.firstSuccess = append(f.firstSuccess, e.Done.Sub(v.asked))
	}
	if answered && in {
		f.meetIn(v, p, number)
	}
	if answered && v.host != e.Instance {
		f.part(v, e, pool)
	}
	if next := f.next(v, e, answered, p, in, pool); next != v.fate {
		f.fates[v.fate]--
		f.fates[next]++
		v.fate = next
	}
	if answered {
		v.host, v.hosted, v.settled = e.Instance, e.Done, !in || p != undetected
	}
}

// part takes a victim's leave of its host. Where that failed, to be home again is no choice. Where it did not, and the
// victim goes to an instance that was out when its home failed, it comes home to the one before: it was in exile already.
func (f *failover) part(v *victim, e *results.Exchange, pool *pool) {
	failed := pool.unavailable(v.host, v.hosted, e.Done)
	if e.Instance == f.instance {
		v.driven = v.driven || failed && v.fate == moved
	} else if v.host != "" && v.host != f.instance && pool.unavailable(e.Instance, f.from, f.from) {
		v.back = v.back || !failed
	}
}

func (f *failover) meetIn(v *victim, p phase, number int) {
	if !v.met[p].add(number) {
		return
	}
	f.phases[p].distinct++
	if v.met[p].size() == 1 {
		f.phases[p].victims++
	}
}

// next is the fate after e. What happens before the detection tells nothing about the mechanism: a retry there may go
// anywhere. Nor does a move that another change of the pool made: only where the same instances are up all the time is
// a second host a flap, and only where home could have answered is it one to stay on.
func (f *failover) next(v *victim, e *results.Exchange, answered bool, p phase, in bool, pool *pool) fate {
	again := !in && pool.unavailable(f.instance, e.Sent, e.Done)
	after := !in && !again
	switch {
	case v.fate == flapped || v.fate == home || v.driven || in && p == undetected || in && p == recovering:
		return v.fate
	case again && (v.fate == silent || v.fate == stuck):
		return v.fate // the outage that is under way tells
	case !answered && (v.fate == silent || v.fate == stuck):
		return stuck
	case !answered:
		return v.fate
	case after && v.fate == moved && (e.Instance == f.instance || v.back):
		return home
	case e.Instance == f.instance:
		return v.fate // idle all the time, or the outage is none for the balancer
	case v.settled && v.host != f.instance && v.host != e.Instance && !pool.changed(v.hosted, e.Done):
		return flapped
	case after && v.fate == moved:
		return stayed
	case v.fate == silent || v.fate == stuck:
		return moved
	}
	return v.fate
}

// family is the fate of most victims whose fate is known, and how many these are. Without a recovery
// nobody's is known but that they moved; silent when there is nothing to tell.
func (f *failover) family() (most fate, told int64) {
	for k := stuck; k < fates; k++ {
		if k == moved || f.fates[k] == 0 {
			continue
		}
		told += f.fates[k]
		if most == silent || f.fates[k] > f.fates[most] {
			most = k
		}
	}
	if told == 0 && f.fates[moved] > 0 {
		return moved, f.fates[moved]
	}
	return most, told
}

// reportFamilies gives the share of every family among the victims whose fate is known.
func (f *failover) reportFamilies(s *sheet) {
	most, told := f.family()
	for _, k := range [...]fate{stuck, flapped, stayed, home} {
		if most != silent && most != moved {
			s.put(results.Metric{Name: "failover.family", Labels: map[string]string{"family": k.String()}, Unit: "ratio", Value: float64(f.fates[k]) / float64(told), N: told})
		}
	}
}

func (f *failover) reportVictims(s *sheet, fault string) {
	if most, told := f.family(); most != silent {
		s.put(results.Metric{Name: "failover.family", Labels: map[string]string{"fault": fault, "family": most.String()}, Unit: "ratio",
			Value: float64(f.fates[most]) / float64(told), N: told})
	}
	if len(f.firstSuccess) == 0 {
		return
	}
	slices.SortFunc(f.firstSuccess, cmp.Compare)
	put := func(name string, d time.Duration) {
		s.put(results.Metric{Name: "failover.first_success." + name, Labels: map[string]string{"fault": fault}, Unit: "seconds", Better: "lower",
			Value: d.Seconds(), N: int64(len(f.firstSuccess))})
	}
	put("p50", f.firstSuccess[len(f.firstSuccess)/2])
	put("max", f.firstSuccess[len(f.firstSuccess)-1])
}
