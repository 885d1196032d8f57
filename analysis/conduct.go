package analysis

import (
	"fmt"
	"math"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// conduct counts what a mechanism does wrong beside sending a session elsewhere.
type conduct struct {
	zombies, churned    int64 // sessions
	expired, overstayed int64 // follow-ups past the marker's lifetime, and those of them that stayed
	chance              float64
	admitted            int64 // sessions placed on an instance that had been draining
	late                int64 // answers of an instance that had been removed
	split               int64 // sessions whose opening requests, sent together, were answered apart
}

// behaviour is what is remembered of one session for it.
type behaviour struct {
	unsure   clock.Time // a binding of which nobody can tell whether it was renewed by chance
	failures uint8      // in a row, on a home that should have been left
	churned  bool
	split    bool
}

// zombieAfter is how many failures in a row make a session a zombie: one may have been under way.
const zombieAfter = 2

// notice takes every exchange before the home can change.
func (j *judge) notice(s *session, e *results.Exchange) {
	answered := e.Failure == results.Answered && e.Status < 500
	if answered && !j.calm && j.pool.left(e.Instance, e.Sent, e.Done) {
		j.conduct.late++
	}
	switch {
	case e.Flags&results.Warmup != 0 || s.jarless || e.Failure == results.Canceled:
	case s.answered == 0 && answered:
		j.noticePlacement(e)
	case s.home == "":
	case answered:
		s.failures = 0
		j.noticeBurst(s, e)
		j.noticeMarker(s, e)
		j.noticeExpiry(s, e)
	case j.pool.overdue(s.home, e.Sent):
		if s.failures++; s.failures == zombieAfter {
			j.conduct.zombies++
			j.violation(s, e, "zombie", s.home, "", "the marker still sends to an instance that has been out for longer than the detection window")
		}
	}
}

// noticePlacement counts a new session on an instance that should get none.
func (j *judge) noticePlacement(e *results.Exchange) {
	if j.run.Mechanism.Key != "address" && j.pool.drained(e.Instance, e.Sent, e.Done) {
		j.conduct.admitted++
	}
}

// noticeBurst counts sessions that the balancer could not yet know: it saw no marker in any of the
// requests. Only a hash holds them together.
func (j *judge) noticeBurst(s *session, e *results.Exchange) {
	if !s.split && e.Due < s.firstDone && e.Instance != s.placed {
		s.split = true
		j.conduct.split++
	}
}

// noticeExpiry counts what happens after the marker's lifetime. One session that stays proves nothing,
// as it may be placed on its home again by chance; all of them together do. The margin of a tenth leaves
// out those that expire just now. An address is not counted: others may have used it meanwhile.
func (j *judge) noticeExpiry(s *session, e *results.Exchange) {
	m := &j.run.Mechanism
	from := s.bound
	if m.Sliding {
		from = s.lastDone
	}
	age := e.Sent.Sub(from)
	if m.TTL == 0 || m.Key == "address" || e.Due < s.bound || age < m.TTL*9/10 || j.pool.unavailable(s.home, e.Sent, e.Done) {
		return
	}
	if age < m.TTL*11/10 {
		s.unsure = s.bound
		return
	}
	if !m.Sliding && s.unsure == s.bound {
		return
	}
	j.conduct.expired++
	j.conduct.chance += j.pool.share(j.run, s.home, e.Sent)
	if e.Instance == s.home {
		j.conduct.overstayed++
	}
	s.bound = e.Done // bound anew, wherever it landed
}

// noticeMarker counts sessions whose marker changes although it holds and its home stays. A sliding
// marker may change with every answer. Of two that were sent, one of them a front's perhaps, the hash does not tell which one is set again.
func (j *judge) noticeMarker(s *session, e *results.Exchange) {
	m := &j.run.Mechanism
	if s.churned || j.run.Front != nil || e.Flags&(results.MarkerDropped|results.MarkerDoubled) != 0 || e.Due < s.bound || m.Key != "cookie" || m.TTL > 0 && m.Sliding || e.Instance != s.home || e.MarkerSent == 0 || e.MarkerReceived == 0 ||
		e.MarkerReceived == e.MarkerSent || m.TTL > 0 && e.Sent.Sub(s.bound) >= m.TTL*9/10 {
		return
	}
	s.churned = true
	j.conduct.churned++
	j.violation(s, e, "churn", s.home, "", "a new marker without need")
}

func (c *conduct) report(sh *sheet, run results.Run) {
	sh.count("affinity.zombie_sessions", nil, c.zombies, "lower")
	if run.Front == nil {
		sh.count("affinity.churned_sessions", nil, c.churned, "lower")
	}
	sh.count("affinity.split_sessions", nil, c.split, "lower")
	sh.count("failover.drain_admissions", nil, c.admitted, "lower")
	sh.count("failover.late_requests", nil, c.late, "lower")
	if c.expired == 0 {
		return
	}
	sh.count("affinity.expired_requests", nil, c.expired, "")
	sh.count("affinity.overstays", nil, c.overstayed, "lower")
	sh.put(results.Metric{Name: "affinity.overstay_p", Unit: "p", N: c.expired,
		Value: stats.BinomialTail(c.overstayed, c.expired, c.chance/float64(c.expired))})
}

// power says what a run without a broken session could have missed: the smallest probability of a
// re-route per follow-up request that it would have shown with 95 % probability.
func (j *judge) power(sh *sheet, followUps, eligible int64) {
	if followUps == 0 || eligible == 0 {
		return
	}
	sh.put(results.Metric{Name: "affinity.detectable_reroute", Unit: "ratio", Better: "lower", Value: 1 - math.Pow(0.05, 1/float64(followUps)), N: followUps})
	sh.count("affinity.sessions_for_one_in_10000", nil, sessionsFor(rareReroute, followUps, eligible), "")
}

// rareReroute is the re-route that a report says the session count for.
const rareReroute = 1.0 / 10_000

// sessionsFor is how many sessions like these show a re-route of probability p per follow-up with 95 %
// probability: at least one in n follow-ups is seen with 1−(1−p)^n.
func sessionsFor(p float64, followUps, eligible int64) int64 {
	needed := math.Log(0.05) / math.Log1p(-p)
	return int64(math.Ceil(needed * float64(eligible) / float64(followUps)))
}

// powerSentence tells it in words, for a report that found nothing.
func powerSentence(r *results.Report) []string {
	least, ok := r.Find("affinity.detectable_reroute", nil)
	broken, _ := r.Find("affinity.broken_sessions", nil)
	needed, _ := r.Find("affinity.sessions_for_one_in_10000", nil)
	if !ok || broken.Value > 0 {
		return nil
	}
	return []string{fmt.Sprintf("a re-route of 1 in %.0f follow-up requests would have shown with 95 %% probability; 1 in 10,000 takes %.0f sessions like these",
		1/least.Value, needed.Value)}
}
