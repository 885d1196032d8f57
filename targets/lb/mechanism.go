package lb

import "github.com/stickybench/stickybench/results"

// row is one mechanism and how to make it.
type row struct {
	results.Mechanism
	build func(Options) affinity
}

func rows() []row {
	m := func(name string, f results.Family, key, disruption string, random bool, of results.Agreement) results.Mechanism {
		return results.Mechanism{Name: name, Family: f, Key: key, Disruption: disruption, Random: random, Agreement: of}
	}
	marked := m("cookie", results.MoveAndStay, "cookie", "none", true, results.Agree)
	marked.Cookie = markerName
	return []row{
		{marked, func(o Options) affinity { return newCookie(o) }},
		{m("table", results.MoveAndStay, "cookie", "none", true, results.Disagree), func(o Options) affinity { return newTable(o) }},
		{m("ip-hash", results.MoveAndHome, "address", "modulo", true, results.Agree), func(Options) affinity { return &hashed{build: modulo} }},
		{m("consistent-hash", results.MoveAndHome, "address", "minimal", true, results.Agree), func(o Options) affinity { return &hashed{build: consistent(o.Points)} }},
		{m("round-robin", results.NoAffinity, "none", "none", false, ""), func(Options) affinity { return unbound{} }},
	}
}

// Mechanisms lists what the balancer promises; the first is the default.
func Mechanisms() []results.Mechanism {
	var all []results.Mechanism
	for _, r := range rows() {
		all = append(all, r.Mechanism)
	}
	return all
}

func newAffinity(o Options) affinity {
	for _, r := range rows() {
		if r.Name == o.Mechanism {
			return r.build(o)
		}
	}
	return unbound{}
}
