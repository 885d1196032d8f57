package analysis

import (
	"time"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// uptake is how an instance that joins or returns gets its share of the load.
type uptake struct {
	share        float64 // of a spread by weight
	placed, here int64   // new sessions since the change, and those on the instance
	bins         []bin   // of answers since the change
}

// bin counts the answers of one stretch of time.
type bin struct{ total, here int64 }

const (
	binWidth = 500 * time.Millisecond
	// balanceBins are looked at together: two seconds.
	balanceBins = 4
	mostBins    = 20_000
	// balanced is the part of its even share from which on an instance carries its load.
	balanced = 0.8
)

// takeUp counts an answer for the latest instance that joined or returned, while it is there.
func (j *judge) takeUp(s *session, e *results.Exchange) {
	for j.latest+1 < len(j.moves) && j.moves[j.latest+1].at <= e.Sent {
		j.latest++
		if j.moves[j.latest].uptake != nil {
			j.joined = &j.moves[j.latest]
		}
	}
	m := j.joined
	if m == nil || e.Sent < m.at || e.Failure != results.Answered || e.Status >= 500 || !j.calm && j.pool.out(m.instance, e.Sent) {
		return
	}
	m.uptake.answer(e.Sent.Sub(m.at), e.Instance == m.instance)
	if s.answered == 0 && e.Sent > m.at.Add(j.pool.detection) {
		m.uptake.placed++
		if e.Instance == m.instance {
			m.uptake.here++
		}
	}
}

func (u *uptake) answer(since time.Duration, here bool) {
	n := int(since / binWidth)
	if n >= mostBins {
		return
	}
	for len(u.bins) <= n {
		u.bins = append(u.bins, bin{})
	}
	u.bins[n].total++
	if here {
		u.bins[n].here++
	}
}

// balance is when the instance first carried its load; false when it never did.
func (u *uptake) balance() (time.Duration, bool) {
	for n := range max(0, len(u.bins)-balanceBins+1) {
		var sum bin
		for _, b := range u.bins[n : n+balanceBins] {
			sum.total, sum.here = sum.total+b.total, sum.here+b.here
		}
		if sum.total > 0 && float64(sum.here) >= balanced*u.share*float64(sum.total) {
			return time.Duration(n) * binWidth, true
		}
	}
	return 0, false
}

// reportUptakes gives each joining, and without a label the worst of them.
func (j *judge) reportUptakes(s *sheet) {
	worst := results.Metric{Name: "failover.starved_p", Unit: "p", Value: 2}
	for i := range j.moves {
		m := &j.moves[i]
		if m.uptake == nil || len(m.uptake.bins) == 0 {
			continue
		}
		labels := m.label(j.run)
		if after, ok := m.uptake.balance(); ok {
			s.put(results.Metric{Name: "failover.balance_seconds", Labels: labels, Unit: "seconds", Better: "lower", Value: after.Seconds(), N: int64(len(m.uptake.bins))})
		}
		if m.uptake.placed == 0 {
			continue
		}
		s.put(results.Metric{Name: "failover.new_share", Labels: labels, Unit: "ratio", Value: float64(m.uptake.here) / float64(m.uptake.placed), N: m.uptake.placed})
		p := results.Metric{Name: worst.Name, Labels: labels, Unit: "p", Value: m.uptake.starved(), N: m.uptake.placed}
		s.put(p)
		if p.Value < worst.Value {
			worst.Value, worst.N = p.Value, p.N
		}
	}
	if worst.N > 0 {
		s.put(worst)
	}
}

// starved is the chance of so few new sessions at half of the even share: real rings are uneven.
func (u *uptake) starved() float64 {
	return 1 - stats.BinomialTail(u.here+1, u.placed, u.share/2)
}

// out says whether the instance is out at t.
func (p *pool) out(instance string, t clock.Time) bool {
	for _, o := range p.gone[instance] {
		if o.from <= t && t <= o.to {
			return true
		}
	}
	return false
}
