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

// Reproduced: what was measured lies in the band of chance; where that is not known, theory's value lies in the interval, or within this share of what was measured. An interval that
// reaches further from its middle than precision covers too much to reproduce anything.
const (
	tolerance = 0.1
	precision = 0.25 // of theory's value
)

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
			found.Verdict = locate(found, least, most)
		}
		judged.Evidence = append(judged.Evidence, found)
	}
	judged.Verdict = verdictOf(judged.Evidence)
	return judged
}

// locate says whether the whole interval lies in the claimed range or outside it.
func locate(found results.Evidence, least, most float64) string {
	lo, hi := found.Value, found.Value
	if found.Lo != nil {
		lo, hi = *found.Lo, *found.Hi
	}
	switch {
	case lo >= least && hi <= most:
		return "inside"
	case hi < least || lo > most:
		return "outside"
	}
	return "undecided"
}

// verdictOf is the verdict that the evidence allows: what is undecided takes no part in it.
func verdictOf(all []results.Evidence) string {
	count := map[string]int{}
	for _, e := range all {
		count[e.Verdict]++
	}
	switch {
	case count["inside"] > 0 && count["outside"] > 0:
		return "partly"
	case count["inside"] > 0:
		return "holds"
	case count["outside"] > 0:
		return "does not hold"
	case count["undecided"] > 0:
		return "undecided"
	}
	return "not measured"
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
	band    func(blocks int) [2]float64   // 95 % of what chance gives, where that is known; judges alone
	evidence
}

func (k knownAnswer) judge(report *results.Report) results.Claim {
	if k.from != nil {
		k.value = k.from(report)
		k.claimed = fmt.Sprintf("%s: %.3g%s", k.claimed, k.value, k.unit)
	}
	found := k.measure(report)
	found.Verdict = "not measured"
	switch {
	case found.Why != "":
	case k.band != nil:
		m, _ := report.Find(k.metric, map[string]string{"arm": k.arm})
		found.Verdict = k.within(found, max(1, int(m.N)))
	default:
		found.Verdict = k.compare(found)
	}
	return results.Claim{Claimed: k.claimed, Verdict: found.Verdict, Evidence: []results.Evidence{found}}
}

func (k knownAnswer) compare(found results.Evidence) string {
	covered := found.Lo != nil && *found.Lo <= k.value && k.value <= *found.Hi
	switch {
	case found.Lo != nil && *found.Hi-*found.Lo > 2*precision*k.value:
		return "undecided"
	case covered || math.Abs(found.Value/k.value-1) <= tolerance:
		return "reproduced"
	}
	return "not reproduced"
}

// within holds what was measured against the band of so many blocks, and says the band.
func (k *knownAnswer) within(found results.Evidence, blocks int) string {
	band := k.band(blocks)
	k.claimed += fmt.Sprintf(", %.3g to %.3g for 95 %% of means of %d", band[0], band[1], blocks)
	if band[0] <= found.Value && found.Value <= band[1] {
		return "reproduced"
	}
	return "not reproduced"
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
