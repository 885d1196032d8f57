package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// eligible sessions can break: at least one follow-up, and a client that keeps the marker.
func (s *session) eligible() bool { return !s.jarless && s.followUps > 0 }

func (j *judge) reportAffinity(sh *sheet) {
	var sessions, eligible, broken, jarless, followUps, stayed int64
	for _, s := range j.sessions {
		if s.requests == 0 {
			continue
		}
		sessions++
		if s.jarless {
			jarless++
		}
		if !s.eligible() {
			continue
		}
		eligible++
		followUps, stayed = followUps+int64(s.followUps), stayed+int64(s.stayed)
		if s.broken {
			broken++
		}
	}
	sh.count("affinity.sessions", nil, sessions, "")
	sh.count("affinity.eligible_sessions", nil, eligible, "")
	sh.count("affinity.broken_sessions", nil, broken, "lower")
	sh.count("affinity.jarless_sessions", nil, jarless, "")
	if eligible > 0 {
		sh.put(proportion("affinity.broken_ratio", broken, eligible))
	}
	sh.count("affinity.rebinds", nil, j.rebinds, "lower")
	sh.count("affinity.excused_rebinds", nil, j.excusedRebinds, "")
	sh.ratio("affinity.stick_ratio", "higher", uint64(stayed), uint64(followUps))
	j.conduct.report(sh)
	j.power(sh, followUps, eligible)
}

func proportion(name string, x, n int64) results.Metric {
	lo, hi := stats.Proportion(x, n)
	return results.Metric{Name: name, Unit: "ratio", Better: "lower", Value: float64(x) / float64(n), Lo: &lo, Hi: &hi, N: n}
}

// reportConsistency counts sessions with at least one anomaly of each kind, all and by excuse.
func (j *judge) reportConsistency(sh *sheet) {
	for k := range kinds {
		counts := [unexcused + 1]int64{}
		for _, s := range j.sessions {
			counts[s.found[k]]++
		}
		name := "consistency." + k.String()
		sh.count(name, nil, counts[excused]+counts[unexcused], "lower")
		sh.count(name, map[string]string{"excused": "true"}, counts[excused], "")
		sh.count(name, map[string]string{"excused": "false"}, counts[unexcused], "lower")
	}
	sh.count("consistency.lost_by_ledger", nil, int64(len(j.ledgerLost)), "")
}

// listed bounds the violations in a report.
const listed = 1000

// sortedViolations are the first ones in time, unexcused before excused where the list is cut.
func (j *judge) sortedViolations(r *results.Report) []results.Violation {
	all := j.violations
	if all == nil {
		all = []results.Violation{}
	}
	slices.SortStableFunc(all, func(a, b results.Violation) int {
		return cmp.Or(cmp.Compare(btoi(a.Excused), btoi(b.Excused)), cmp.Compare(a.At, b.At), cmp.Compare(a.Session, b.Session), cmp.Compare(a.Kind, b.Kind))
	})
	if len(all) > listed {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d violations were found; the first %d are listed", len(all), listed))
		all = all[:listed]
	}
	slices.SortStableFunc(all, func(a, b results.Violation) int { return cmp.Compare(a.At, b.At) })
	return all
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
