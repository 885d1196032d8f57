package analysis

import (
	"fmt"
	"math"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// A trial is a comparison that was played for the claims; reports are by its name.

// claim is one thing that is said of sticky sessions: a range, and where it is looked for.
type claim struct {
	claimed     string
	least, most float64 // in the evidence's unit; both 0: each piece of evidence has its own
	evidence    []evidence
}

// evidence is one figure of one trial.
type evidence struct {
	trial, conditions, what, metric string
	arm                             string // "" for figures of the first pair
	unit                            string
	least, most                     float64 // where the claim has none
}

// Reproduced: theory's value lies in the interval, or within this share of what was measured.
const tolerance = 0.1

// JudgeClaims holds what was measured against what is claimed. What a quick run does not play is left out.
func JudgeClaims(trials map[string]*results.Report) (claims, known []results.Claim) {
	for _, c := range claimTable() {
		if judged := c.judge(trials); len(judged.Evidence) > 0 {
			claims = append(claims, judged)
		}
	}
	for _, k := range knownTable() {
		if trials[k.trial] != nil {
			known = append(known, k.judge(trials[k.trial]))
		}
	}
	return claims, known
}

func (c claim) judge(trials map[string]*results.Report) results.Claim {
	judged := results.Claim{Claimed: c.claimed}
	inside, measured := 0, 0
	for _, e := range c.evidence {
		if trials[e.trial] == nil {
			continue
		}
		least, most := c.least, c.most
		if least == 0 && most == 0 {
			least, most = e.least, e.most
		}
		found := e.measure(trials[e.trial])
		if found.Why == "" {
			measured++
			found.Verdict = "outside"
			if found.Value >= least && found.Value <= most {
				inside++
				found.Verdict = "inside"
			}
		}
		judged.Evidence = append(judged.Evidence, found)
	}
	switch {
	case measured == 0:
		judged.Verdict = "not measured"
	case inside == measured:
		judged.Verdict = "holds"
	case inside == 0:
		judged.Verdict = "does not hold"
	default:
		judged.Verdict = "partly"
	}
	return judged
}

// measure finds the figure and converts it into the evidence's unit.
func (e evidence) measure(report *results.Report) results.Evidence {
	found := results.Evidence{Conditions: e.conditions, What: e.what, Unit: e.unit}
	var labels map[string]string
	if e.arm != "" {
		labels = map[string]string{"arm": e.arm}
	}
	m, ok := report.Find(e.metric, labels)
	if !ok {
		found.Why = e.what + " was not seen"
		return found
	}
	scale := map[string]float64{" ms": 1e3, " %": 100}[e.unit]
	if scale == 0 {
		scale = 1
	}
	found.Value, found.Lo, found.Hi = scale*m.Value, scaled(m.Lo, scale), scaled(m.Hi, scale)
	switch {
	case len(m.Warnings) > 0 && m.Lo == nil:
		found.Why = fmt.Sprintf("%s %.3g%s, %s", e.what, found.Value, e.unit, m.Warnings[0])
	case report.Verdict == results.Invalid && strings.HasPrefix(e.metric, "saving."):
		found.Why = fmt.Sprintf("%s %.3g%s, not trusted: the machine was too busy to time anything", e.what, found.Value, e.unit)
	}
	return found
}

func scaled(bound *float64, scale float64) *float64 {
	if bound == nil {
		return nil
	}
	v := scale * *bound
	return &v
}

// knownAnswer is a figure that theory gives, in the evidence's unit.
type knownAnswer struct {
	claimed string
	value   float64
	from    func(*results.Report) float64 // where it follows from other figures
	band    [2]float64                    // 95 % of what chance gives, where one run is one draw
	evidence
}

func (k knownAnswer) judge(report *results.Report) results.Claim {
	if k.from != nil {
		k.value = k.from(report)
		k.claimed = fmt.Sprintf("%s: %.3g%s", k.claimed, k.value, k.unit)
	}
	found := k.measure(report)
	verdict := "not measured"
	if found.Why == "" {
		verdict = "not reproduced"
		covered := found.Lo != nil && *found.Lo <= k.value && k.value <= *found.Hi
		chance := k.band[0] <= found.Value && found.Value <= k.band[1]
		if covered || chance || math.Abs(found.Value/k.value-1) <= tolerance {
			verdict = "reproduced"
		}
	}
	found.Verdict = verdict
	return results.Claim{Claimed: k.claimed, Verdict: verdict, Evidence: []results.Evidence{found}}
}

// storeMilliseconds is what the second arm's requests spend on their store: distance, the server's own
// time, and coding.
func storeMilliseconds(report *results.Report) float64 {
	of := func(name string) float64 {
		m, _ := report.Find(name, map[string]string{"arm": "spread"})
		return m.Value
	}
	each := of("store.injected.mean") + of("store.round_trip.mean")
	return 1e3 * (of("store.operations_per_request")*each + of("store.wait.mean") + of("store.encode.mean") + of("store.decode.mean"))
}
