package analysis

import (
	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// census sums up the sessions that are over.
type census struct {
	sessions, eligible, broken, jarless int64
	followUps, stayed                   int64
	found                               [kinds][unexcused + 1]int64
	ledgerLost                          int64
	placed                              map[string]int64 // by first home; instances of the run only
	weights                             weights
	agreement                           agreement
	each                                func(*session) // told of every session; nil for nobody
}

func newCensus(run results.Run) census {
	c := census{placed: map[string]int64{}, weights: newWeights(run.Mechanism.Key == "address")}
	for _, i := range run.Instances {
		c.placed[i.Name] = 0
	}
	return c
}

func (c *census) add(s *session) {
	if c.each != nil {
		c.each(s)
	}
	for k := range kinds {
		c.found[k][s.found[k]]++
	}
	if s.requests == 0 {
		return
	}
	c.sessions++
	if s.jarless {
		c.jarless++
	}
	c.agreement.add(s)
	if s.eligible() {
		c.eligible++
		c.followUps, c.stayed = c.followUps+int64(s.followUps), c.stayed+int64(s.stayed)
		if s.broken {
			c.broken++
		}
	}
	if s.placed == "" {
		return
	}
	c.weights.add(s)
	if _, known := c.placed[s.placed]; known {
		c.placed[s.placed]++
	}
}

// eligible sessions can break: at least one follow-up, and a client that keeps the marker.
func (s *session) eligible() bool { return !s.jarless && s.followUps > 0 }

func (c *census) reportAffinity(sh *sheet) {
	sh.count("affinity.sessions", nil, c.sessions, "")
	sh.count("affinity.eligible_sessions", nil, c.eligible, "")
	sh.count("affinity.broken_sessions", nil, c.broken, "lower")
	sh.count("affinity.jarless_sessions", nil, c.jarless, "")
	if c.eligible > 0 {
		sh.put(proportion("affinity.broken_ratio", c.broken, c.eligible))
	}
}

func proportion(name string, x, n int64) results.Metric {
	lo, hi := stats.Proportion(x, n)
	return results.Metric{Name: name, Unit: "ratio", Better: "lower", Value: float64(x) / float64(n), Lo: &lo, Hi: &hi, N: n}
}

// reportConsistency counts sessions with at least one anomaly of each kind, all and by excuse.
func (c *census) reportConsistency(sh *sheet) {
	for k := range kinds {
		counts := c.found[k]
		name := "consistency." + k.String()
		sh.count(name, nil, counts[excused]+counts[unexcused], "lower")
		sh.count(name, map[string]string{"excused": "true"}, counts[excused], "")
		sh.count(name, map[string]string{"excused": "false"}, counts[unexcused], "lower")
	}
	sh.count("consistency.lost_by_ledger", nil, c.ledgerLost, "")
}
