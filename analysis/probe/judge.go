package probe

import (
	"fmt"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// The mechanisms that a probe tells apart.
const (
	byCookie     = "cookie"
	byAddress    = "address"
	byHeader     = "header"
	byConnection = "connection"
	byNothing    = "none"
	Unknown      = "unknown"
)

// The kinds of them.
const (
	kindInstance = "names the instance" // one value, or a constant part of it, for each instance
	kindSealed   = "sealed"             // a value per client; an invented one is replaced
	kindHash     = "hash"               // the home is computed from any value
	kindBounded  = "bounded hash"       // computed, but it gives way to load
	kindTable    = "table"              // the balancer remembers values
	kindUnknown  = "unknown"
)

// finding is the mechanism that the evidence shows.
type finding struct {
	mechanism, kind, marker string
	why                     string // when unknown
}

// Judge draws the conclusions.
func Judge(p results.Probe) *results.ProbeReport {
	s := arrange(p)
	f := s.mechanism()
	r := &results.ProbeReport{Schema: results.ProbeSchema, URL: p.URL, Requests: len(p.Shots), Instances: s.instances,
		Mechanism: f.mechanism, Kind: f.kind, Marker: f.marker, Sentence: f.sentence(), Evidence: s.evidence()}
	if f.mechanism == byCookie {
		m := s.cookie(f.marker)
		r.Lifetime, r.Attributes = m.lifetime(), m.attributes()
	}
	r.Assertions = s.assertions(f)
	return r
}

func (s *seen) evidence() []results.ProbeEvidence {
	list := []results.ProbeEvidence{s.home(results.TestFollow, ""), s.home(results.TestKept, ""), s.home(results.TestCookies, ""), s.home(results.TestBare, "")}
	for _, name := range s.labels(results.TestOnly) {
		list = append(list, s.home(results.TestOnly, name), s.home(results.TestWithout, name))
	}
	for _, test := range []string{results.TestSocket, results.TestStream} {
		if e := s.home(test, ""); s.spoken(test) && e.Trials > 0 {
			list = append(list, e)
		}
	}
	if s.Idle > 0 {
		list = append(list, s.home(results.TestIdle, ""))
	}
	return list
}

// labels lists the cookies or headers of a test in the order of their first shot.
func (s *seen) labels(test string) (names []string) {
	known := map[string]bool{}
	for _, shot := range s.of(test, "") {
		if !known[shot.Label] {
			known[shot.Label] = true
			names = append(names, shot.Label)
		}
	}
	return names
}

// mechanism asks for what alone brings a client home, the most specific first. A header decides
// whatever else is sent or not, so it goes first.
func (s *seen) mechanism() finding {
	switch {
	case len(s.instances) == 0:
		return finding{mechanism: Unknown, why: "no answer names its instance; say how with --instance-header, --instance-cookie or --instance-body-regexp"}
	case len(s.of(results.TestFollow, "")) == 0:
		return finding{mechanism: Unknown, why: "no client came twice"}
	}
	for _, name := range s.labels(results.TestHeader) {
		if s.constant(results.TestHeader, name) {
			return header(name, s.placed(results.TestHeaders, results.TestKnownHeader, name))
		}
	}
	if len(s.instances) == 1 {
		return finding{mechanism: Unknown, why: "only " + s.instances[0] + " ever answered; affinity needs two instances to show"}
	}
	if s.decides(s.home(results.TestCookies, "")) && s.Sources {
		return s.byCookie()
	}
	return s.withoutCookies()
}

// header is the mechanism that follows it; a forwarded address is the client's.
func header(name, kind string) finding {
	if name == forwarded {
		return finding{mechanism: byAddress, marker: name, kind: kind}
	}
	return finding{mechanism: byHeader, marker: name, kind: kind}
}

// forwarded is the request header in which a proxy in front says the client's address.
const forwarded = "X-Forwarded-For"

// withoutCookies: the client did not come home from another address, or there was no other address.
func (s *seen) withoutCookies() finding {
	one, _ := whole(s.grouped(results.TestOneConn, ""))
	each, _ := whole(s.grouped(results.TestNewConns, ""))
	switch {
	case !s.Sources && nearly(s.home(results.TestBare, "")):
		return finding{mechanism: Unknown, why: "all clients come from one address here, and that alone leads to one instance; probe from several addresses"}
	case !s.Sources && s.decides(s.home(results.TestCookies, "")):
		return s.byCookie()
	case s.decides(s.home(results.TestBare, "")):
		return finding{mechanism: byAddress, kind: s.placed(results.TestBurst, results.TestKnownBurst, "")}
	case one > each && s.constant(results.TestOneConn, ""):
		return finding{mechanism: byConnection}
	case nearly(s.home(results.TestFollow, "")):
		return finding{mechanism: Unknown, why: "clients stay home, but nothing that they send is shown to be enough by itself"}
	}
	return finding{mechanism: byNothing}
}

// byCookie finds the cookie that is enough alone; the first of several, which the clients got first.
func (s *seen) byCookie() finding {
	for _, name := range s.labels(results.TestOnly) {
		if s.decides(s.home(results.TestOnly, name)) {
			return finding{mechanism: byCookie, marker: name, kind: s.cookie(name).kind()}
		}
	}
	return finding{mechanism: byCookie, kind: kindUnknown, marker: strings.Join(s.labels(results.TestOnly), " with ")}
}

// placed tells a hash, which sends simultaneous first requests to one instance, from a table, which does
// not know the first one yet when the others come, and from a hash bounded by load, which sends them apart though it
// knows the home. Test has simultaneous first requests, known those whose home has shown.
func (s *seen) placed(test, known, label string) string {
	if s.meet(test, label) {
		return kindHash
	}
	if !s.meet(known, label) {
		return kindBounded
	}
	return kindTable
}

// meet says whether each group of the test reached one instance only.
func (s *seen) meet(test, label string) bool {
	groups := s.grouped(test, label)
	together, _ := whole(groups)
	return together == len(groups)
}

// said is how the balancer knows the address, when not from the connection.
func (f finding) said() string {
	if f.marker == "" {
		return ""
	}
	return ", as " + f.marker + " says it,"
}

// bounded is what is said of a hash that gives way to load.
const bounded = "one at a time they find their home, simultaneous ones part though it is known, so the home is computed within bounds of load"

func (f finding) sentence() string {
	switch f.mechanism {
	case byCookie:
		return "the cookie " + f.marker + " decides: " + map[string]string{
			kindInstance: "its value, or a part of it, stands for the instance",
			kindSealed:   "each client has a value of its own, and a value that the balancer did not give out is replaced",
			kindHash:     "the home is computed from whatever value it has",
			kindTable:    "the balancer remembers which value belongs where",
			kindUnknown:  "together they are enough, none of them alone",
		}[f.kind]
	case byAddress:
		return "the client's address" + f.said() + " decides: " + map[string]string{
			kindHash:    "simultaneous first requests meet, so the home is computed from it",
			kindTable:   "simultaneous first requests part, so the balancer remembers where it sent an address first",
			kindBounded: bounded,
		}[f.kind]
	case byHeader:
		return "the request header " + f.marker + " decides: " + map[string]string{
			kindHash:    "simultaneous requests with one value meet, so the home is computed from it",
			kindTable:   "simultaneous first requests with one value part, later ones meet, so the balancer remembers where it sent a value first",
			kindBounded: bounded,
		}[f.kind]
	case byConnection:
		return "the connection decides: requests on one connection stay together, new connections do not"
	case byNothing:
		return "no session is bound: neither cookies nor address nor connection lead back to an instance"
	}
	return fmt.Sprintf("cannot tell: %s", f.why)
}
