package probe

import (
	"fmt"
	"slices"

	"github.com/stickybench/stickybench/analysis/stats"
	"github.com/stickybench/stickybench/results"
)

// outcome of one assertion.
type outcome struct {
	verdict results.ProbeVerdict
	why     string
}

func holds(when bool, format string, args ...any) outcome {
	o := outcome{results.Broken, fmt.Sprintf(format, args...)}
	if when {
		o.verdict = results.Holds
	}
	return o
}

func inapplicable(why string) outcome { return outcome{results.NotApplicable, why} }

// assertions are the expectations of session affinity, in the order of a session's life.
func (s *seen) assertions(f finding) []results.Assertion {
	c := s.cookie(f.marker)
	list := []results.Assertion{}
	say := func(name string, o outcome) {
		list = append(list, results.Assertion{Name: name, Verdict: o.verdict, Why: o.why, Marker: slices.Contains(cookieAssertions(), name)})
	}
	say("every request is answered without an error", s.answered())
	say("first requests spread over the instances", s.spread())
	say("the first request is served by the home", s.begins(f))
	say("follow-ups stay at home", s.stays(f))
	say("kept and new connections lead to the same instance", s.agrees(f))
	say("simultaneous first requests of a client meet", s.meets(f))
	say("a session survives a change of address", s.travels(f))
	s.assertProtocols(f, say)
	say("a session survives the pause", s.outlasts(f))
	if f.mechanism == byCookie && f.kind != kindUnknown {
		c.assert(f, say)
	} else {
		for _, name := range cookieAssertions() {
			say(name, inapplicable("routing depends on no single cookie"))
		}
	}
	for _, o := range untried() {
		say(o[0], inapplicable(o[1]))
	}
	return list
}

// untried lists what a probe leaves alone.
func untried() [][2]string {
	const run = "a probe changes nothing in the pool; use stickybench run with faults"
	return [][2]string{
		{"a failed home is left, once", run},
		{"a drained instance keeps its sessions and gets no new ones", run},
		{"a change of the pool moves only whom it must", run},
	}
}

func failed(shot results.Shot) bool { return shot.Failure != "" || shot.Status >= 500 }

func (s *seen) answered() outcome {
	bad, all := 0, append(s.of(results.TestFirst, ""), s.of(results.TestFollow, "")...)
	for _, shot := range all {
		if failed(shot) {
			bad++
		}
	}
	return holds(bad == 0, "%d of %d first requests and follow-ups failed", bad, len(all))
}

// spread tests first requests against an even share.
func (s *seen) spread() outcome {
	if len(s.instances) < 2 {
		return inapplicable("fewer than two instances are known")
	}
	counts := make([]float64, len(s.instances))
	for _, shot := range s.of(results.TestFirst, "") {
		for i, name := range s.instances {
			if shot.Instance == name {
				counts[i]++
			}
		}
	}
	p := stats.ChiSquaredP(counts, nil)
	return holds(p >= unlikely, "first requests per instance: %v of %v (chi-squared p = %.3g)", counts, s.instances, p)
}

func (s *seen) begins(f finding) outcome {
	switch f.mechanism {
	case Unknown, byNothing, byConnection:
		return inapplicable("no home is known")
	case byHeader:
		return inapplicable("the clients' requests carried no " + f.marker)
	}
	e := s.home(results.TestFirst, "")
	return holds(e.Home == e.Trials, "%d of %d first requests went where the client lives from then on", e.Home, e.Trials)
}

func (s *seen) stays(f finding) outcome {
	if f.mechanism == Unknown && len(s.instances) < 2 {
		return inapplicable(f.why)
	}
	if f.mechanism == byHeader {
		groups := s.grouped(results.TestHeader, f.marker)
		together, _ := whole(groups)
		return holds(together == len(groups), "%d of %d values of %s kept to one instance", together, len(groups), f.marker)
	}
	e := s.home(results.TestFollow, "")
	return holds(e.Home == e.Trials, "%d of %d later requests on new connections were at home", e.Home, e.Trials)
}

func (s *seen) agrees(f finding) outcome {
	e := s.home(results.TestKept, "")
	switch {
	case f.mechanism == byHeader:
		return inapplicable("these requests carried no " + f.marker)
	case f.mechanism == Unknown || f.mechanism == byNothing || e.Trials == 0:
		return inapplicable("no home is known")
	}
	return holds(e.Home == e.Trials, "on a kept connection %d of %d requests went to the home that new connections find", e.Home, e.Trials)
}

func (s *seen) meets(f finding) outcome {
	groups := s.grouped(results.TestBurst, "")
	if len(groups) == 0 || f.mechanism == Unknown || f.mechanism == byNothing {
		return inapplicable("no mechanism is known")
	}
	if f.mechanism == byHeader {
		groups = s.grouped(results.TestHeaders, f.marker)
	}
	together, _ := whole(groups)
	return holds(together == len(groups), "%d of %d bursts reached one instance only", together, len(groups))
}

func (s *seen) travels(f finding) outcome {
	switch {
	case f.mechanism == Unknown || f.mechanism == byNothing || f.mechanism == byConnection:
		return inapplicable("no session outlives its connection")
	case !s.Sources:
		return inapplicable("clients have one address here")
	case f.mechanism == byHeader:
		return holds(true, "the header %s decides from every address", f.marker)
	}
	e := s.home(results.TestCookies, "")
	return holds(s.decides(e), "%d of %d requests from another address came home", e.Home, e.Trials)
}

func (s *seen) outlasts(f finding) outcome {
	if s.Idle == 0 {
		return inapplicable("no pause was made; give --idle")
	}
	e := s.home(results.TestIdle, "")
	if f.mechanism == Unknown || f.mechanism == byNothing || e.Trials == 0 {
		return inapplicable("no home is known")
	}
	return holds(e.Home == e.Trials, "%d of %d clients came home after %.3g s", e.Home, e.Trials, s.Idle)
}
