package analysis

import (
	"fmt"
	"slices"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// failover is what one outage did.
type failover struct {
	outage
	active     int64   // sessions with requests before and after its begin
	victims    int64   // of them, homed on the instance
	ideal      float64 // victims if the sessions were spread by weight over the pool of that time
	collateral int64   // sessions of healthy homes that moved meanwhile
	errors     int64
	returned   int64
	flaps      int64 // switches from one healthy instance to another of sessions whose home it was, after the detection
	flappers   int64 // sessions with any
	lastError  clock.Time

	phases       [phases]phaseCount
	fates        [fates]int64
	firstSuccess []time.Duration
}

// meetOutages counts the session for every outage that began since its last answer, and this
// exchange for every outage that it falls into.
func (j *judge) meetOutages(s *session, e *results.Exchange) {
	now := e.Sent
	if e.Failure == results.Answered && e.Instance != s.home {
		now = e.Done // home may have failed while the request was under way
	}
	for ; int(s.faults) < len(j.failovers) && j.failovers[s.faults].from <= now; s.faults++ {
		if f := &j.failovers[s.faults]; s.home != "" && !s.jarless {
			f.active++
			if s.home == f.instance {
				f.victims++
				s.involved = true
				s.victimOf = append(s.victimOf, f.instance)
				s.victims = append(s.victims, victim{failover: int(s.faults)})
				f.fates[silent]++
			}
		}
	}
	for i := range j.failovers {
		f := &j.failovers[i]
		if f.from > e.Done {
			break // they are in order
		}
		if e.Sent <= f.to.Add(j.pool.detection) {
			f.meet(s, e, j.pool, j.exile(s, e) != nil)
		} else if f.to < e.Sent {
			f.after(s, e)
		}
		if p, in := f.phaseAt(e.Sent, clock.Time(j.pool.detection)); in {
			f.inPhase(p, e)
		}
	}
	j.followVictim(s, e)
}

// followVictim tells on what became of a session whose home failed.
func (j *judge) followVictim(s *session, e *results.Exchange) {
	if len(s.victims) == 0 || e.Failure == results.Canceled {
		return
	}
	number, known := j.numbers[e.Instance]
	if !known {
		number = -1
	}
	for i := range s.victims {
		v := &s.victims[i]
		if v.late {
			continue
		}
		f := &j.failovers[v.failover]
		p, in := f.phaseAt(max(e.Sent, f.from), clock.Time(j.pool.detection))
		f.follow(v, e, number, p, in, j.pool)
	}
}

// meet takes an exchange within the outage, of a session that another one may keep from its home.
func (f *failover) meet(s *session, e *results.Exchange, p *pool, exiled bool) {
	failed := e.Failure != results.Answered || e.Status >= 500
	switch {
	case failed && e.Failure != results.Canceled:
		f.errors++
		f.lastError = max(f.lastError, e.Done)
	case !exiled && s.home != "" && e.Instance != s.home && s.home != f.instance && e.Instance != f.instance && !slices.Contains(s.victimOf, f.instance) && !p.unavailable(s.home, e.Sent, e.Done) &&
		e.Flags&(results.MarkerDropped|results.AddressChanged) == 0 && e.Due >= s.bound:
		f.collateral++
	}
	f.after(s, e)
}

// after notices a victim that is back on its old home.
func (f *failover) after(s *session, e *results.Exchange) {
	if e.Failure == results.Answered && e.Instance == f.instance && s.home != f.instance && slices.Contains(s.victimOf, f.instance) {
		f.returned++
	}
}

func (f *failover) label(run results.Run) map[string]string {
	return map[string]string{"fault": fmt.Sprintf("%s %s at %.1f s", f.instance, f.why, seconds(run.Start, f.from))}
}

func (j *judge) reportFailovers(s *sheet) {
	total := failover{}
	for i := range j.failovers {
		f := &j.failovers[i]
		own, all := j.pool.weights(j.run, f.instance, f.from)
		f.ideal = float64(f.active) * own / all
		f.report(s, f.label(j.run))
		f.reportVictims(s, f.label(j.run)["fault"])
		f.reportPhases(s, f.label(j.run)["fault"])
		total.ideal += f.ideal
		for k := range fates {
			total.fates[k] += f.fates[k]
		}
		total.victims, total.active, total.collateral = total.victims+f.victims, total.active+f.active, total.collateral+f.collateral
		total.errors, total.returned = total.errors+f.errors, total.returned+f.returned
		total.flaps, total.flappers = total.flaps+f.flaps, total.flappers+f.flappers
	}
	if len(j.failovers) > 0 {
		total.report(s, nil)
		total.reportFamilies(s)
	}
	j.reportLostPerCrash(s)
	j.reportMoves(s)
	j.reportUptakes(s)
}

// reportLostPerCrash is how many sessions lost their state with each instance that died, and with each
// rolling deploy, in which all of them did.
func (j *judge) reportLostPerCrash(s *sheet) {
	var crashes int64
	died := map[string]bool{}
	for _, o := range j.pool.outages {
		if o.crash && o.from >= j.run.Measured {
			crashes++
			died[o.instance] = true
		}
	}
	if crashes > 0 {
		s.put(results.Metric{Name: "failover.lost_per_crash", Unit: "count", Better: "lower",
			Value: float64(j.census.found[lost][excused]) / float64(crashes), N: crashes})
	}
	if n := int64(len(j.run.Instances)); crashes > 0 && int64(len(died)) == n {
		s.put(results.Metric{Name: "failover.lost_per_deploy", Unit: "count", Better: "lower", Value: float64(j.census.found[lost][excused]) * float64(n) / float64(crashes), N: crashes / n})
	}
}

func (f *failover) report(s *sheet, labels map[string]string) {
	s.count("failover.victims", labels, f.victims, "")
	s.put(results.Metric{Name: "failover.ideal_victims", Labels: labels, Unit: "count", Value: f.ideal, N: f.active})
	s.count("failover.collateral_moves", labels, f.collateral, "lower")
	s.count("failover.error_requests", labels, f.errors, "lower")
	s.count("failover.returned_home", labels, f.returned, "")
	s.count("failover.flaps", labels, f.flaps, "lower")
	s.count("failover.flapped_sessions", labels, f.flappers, "lower")
	if labels == nil {
		return
	}
	recovery := results.Metric{Name: "failover.recovery_seconds", Labels: labels, Unit: "seconds", Better: "lower", N: f.errors}
	if f.errors > 0 {
		recovery.Value = max(0, seconds(f.from, f.lastError))
	}
	recovery.N = max(1, f.errors)
	s.put(recovery)
}
