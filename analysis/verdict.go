package analysis

import (
	"fmt"
	"slices"

	"github.com/stickybench/stickybench/results"
)

// verdict: an invalid run outranks its gates, which would judge the generator; then the gates;
// without one for affinity, a mechanism that lets sessions go fails.
func verdict(r *results.Report, run results.Run, causes []string) (results.Verdict, []string) {
	finding := sentence(r)
	if len(causes) > 0 {
		return results.Invalid, append(causes, finding)
	}
	ratio, ok := r.Find("affinity.broken_ratio", nil)
	if !ok {
		return results.Inconclusive, []string{finding, "no session could break: lengthen the duration, shorten the warm-up, or raise the rate"}
	}
	if why := unpromised(r, run.Mechanism.Family); why != "" {
		_, reasons := gated(r.Checks)
		return results.Fail, append([]string{finding, why}, reasons...)
	}
	if len(r.Checks) > 0 {
		worst, reasons := gated(r.Checks)
		if worst == results.Fail && run.Mechanism.Family == results.NoAffinity {
			reasons = append(reasons, bindsNone)
		}
		return worst, append([]string{finding}, reasons...)
	}
	switch {
	case run.Mechanism.Family == results.NoAffinity:
		return results.Fail, []string{finding, bindsNone}
	case ratio.Value > 0:
		return results.Fail, []string{finding}
	}
	return results.Pass, append([]string{finding}, powerSentence(r)...)
}

const bindsNone = "this mechanism binds no session: every request is balanced by itself"

// unpromised says that sessions flapped under a mechanism that is not declared to; no gate has to ask for that.
func unpromised(r *results.Report, family results.Family) string {
	flapped, _ := r.Find("failover.flapped_sessions", nil)
	if flapped.Value == 0 || family == results.Flap || family == results.NoAffinity {
		return ""
	}
	return fmt.Sprintf("%.0f sessions flapped from instance to instance while their home was out; the family of this mechanism is %q", flapped.Value, family.Describe())
}

// gravity orders the outcomes of gates: a failure is real whatever else was not measured.
var gravity = []results.Verdict{results.Pass, results.Inconclusive, results.Invalid, results.Fail}

func gated(checks []results.Check) (worst results.Verdict, reasons []string) {
	worst = results.Pass
	for _, c := range checks {
		if c.Verdict == results.Pass {
			continue
		}
		if slices.Index(gravity, c.Verdict) > slices.Index(gravity, worst) {
			worst = c.Verdict
		}
		reasons = append(reasons, fmt.Sprintf("gate %s: %s, %s", c.Gate, c.Verdict, c.Outcome()))
	}
	return worst, reasons
}

// sentence tells the main finding in one line.
func sentence(r *results.Report) string {
	get := func(name string) results.Metric { m, _ := r.Find(name, nil); return m }
	ratio := get("affinity.broken_ratio")
	if ratio.N == 0 {
		return "no session made a second request in the measured window"
	}
	text := fmt.Sprintf("%.0f of %d sessions broke affinity", get("affinity.broken_sessions").Value, ratio.N)
	if ratio.Value == 0 {
		text += fmt.Sprintf(" (95 %% sure: fewer than %.2g %%)", 100**ratio.Hi)
	} else {
		text += fmt.Sprintf(" (%.3g %%, 95 %% sure: %.3g to %.3g %%)", 100*ratio.Value, 100**ratio.Lo, 100**ratio.Hi)
	}
	if lost := get("consistency.lost").Value; lost > 0 {
		text += fmt.Sprintf("; %.0f lost their state", lost)
	}
	if apart := get("replicas.disagreements").Value; apart > 0 {
		text += fmt.Sprintf("; the replicas disagreed on %.0f of %.0f that reached several", apart, get("replicas.reached_sessions").Value)
	}
	if victims := get("failover.victims").Value; victims > 0 {
		text += fmt.Sprintf("; %.0f were homed on an instance that failed", victims)
	}
	return text
}
