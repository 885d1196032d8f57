package analysis

import (
	"fmt"

	"github.com/stickybench/stickybench/results"
)

// notJudged keeps a report from being read as an all-clear.
const notJudged = "affinity, consistency, failover and skew are not judged by this version"

// verdict: an invalid run outranks its gates, which would judge the generator.
func verdict(checks []results.Check, count uint64, causes []string) (results.Verdict, []string) {
	if len(causes) > 0 {
		return results.Invalid, causes
	}
	if count == 0 {
		return results.Inconclusive, []string{"no request in the measured window: lengthen the duration or shorten the warm-up"}
	}
	worst := results.Pass
	var reasons []string
	for _, c := range checks {
		if c.Verdict == results.Pass {
			continue
		}
		if worst != results.Fail {
			worst = c.Verdict
		}
		reasons = append(reasons, fmt.Sprintf("gate %q: %s, %s", c.Gate, c.Verdict, c.Why))
	}
	switch {
	case len(checks) == 0:
		return results.Inconclusive, []string{notJudged}
	case worst == results.Pass:
		return worst, []string{fmt.Sprintf("all %d gates passed; %s", len(checks), notJudged)}
	}
	return worst, reasons
}
