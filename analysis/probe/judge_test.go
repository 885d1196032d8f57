package probe

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/results"
)

func TestMechanismsAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		route                   func(*world, string, string, string, bool) (int, []string)
		mechanism, kind, marker string
	}{
		"round robin":        {roundRobin, "none", "", ""},
		"address hash":       {addressHash, "address", "hash", ""},
		"address table":      {addressTable, "address", "table", ""},
		"header hash":        {headerHash, "header", "hash", "X-User"},
		"header table":       {headerTable, "header", "table", "X-User"},
		"bounded header":     {boundedHeader, "header", "bounded hash", "X-User"},
		"bounded address":    {boundedAddress, "address", "bounded hash", ""},
		"inserted cookie":    {insertedCookie(""), "cookie", "names the instance", "SRV"},
		"hash of a cookie":   {cookieHash, "cookie", "hash", "APP"},
		"learned cookie":     {cookieTable, "cookie", "table", "APP"},
		"cookie of a client": {sealedCookie, "cookie", "sealed", "SEAL"},
	} {
		r := Judge((&world{route: c.route}).probe())
		if r.Mechanism != c.mechanism || r.Kind != c.kind || r.Marker != c.marker {
			t.Errorf("%s: found %q, %q, %q: %s\n%v", name, r.Mechanism, r.Kind, r.Marker, r.Sentence, r.Evidence)
		}
	}
}

func verdicts(r *results.ProbeReport) map[string]results.ProbeVerdict {
	all := map[string]results.ProbeVerdict{}
	for _, a := range r.Assertions {
		all[a.Name] = a.Verdict
	}
	return all
}

func TestAttributesAreJudged(t *testing.T) {
	for attributes, want := range map[string]map[string]results.ProbeVerdict{
		"":                                   {saysPath: results.Holds, saysHTTPOnly: results.Broken, saysSameSite: results.Broken, saysSecure: results.Broken},
		"; HttpOnly; SameSite=Lax; Secure":   {saysPath: results.Holds, saysHTTPOnly: results.Holds, saysSameSite: results.Holds, saysSecure: results.Holds},
		"; HttpOnly; Secure; SameSite=Bogus": {saysHTTPOnly: results.Holds, saysSameSite: results.Broken},
	} {
		p := (&world{route: insertedCookie(attributes)}).probe()
		p.Secure = true
		got := verdicts(Judge(p))
		for name, verdict := range want {
			if got[name] != verdict {
				t.Errorf("%q: %s: %q, want %q", attributes, name, got[name], verdict)
			}
		}
	}
}

func TestSecureDoesNotApplyToPlainHTTP(t *testing.T) {
	if got := verdicts(Judge((&world{route: insertedCookie("")}).probe()))[saysSecure]; got != results.NotApplicable {
		t.Errorf("Secure is %q", got)
	}
}

func TestLifetimes(t *testing.T) {
	for attributes, want := range map[string]string{
		"":             "ends with the client's session; set once",
		"; Max-Age=60": "Max-Age 60 s, set once: absolute",
		"; Expires=Wed, 25 Nov 2026 10:00:00 GMT": "expires on 2026-11-25 10:00:00, set once: absolute",
	} {
		if r := Judge((&world{route: insertedCookie(attributes)}).probe()); !strings.HasPrefix(r.Lifetime, want) {
			t.Errorf("%q: %q, want %q", attributes, r.Lifetime, want)
		}
	}
	always := func(w *world, source, cookie, header string, at bool) (int, []string) {
		n, _ := insertedCookie("")(w, source, cookie, header, at)
		return n, []string{fmt.Sprintf("SRV=srv-%d; Path=/; Max-Age=60", n)}
	}
	r := Judge((&world{route: always}).probe())
	if r.Lifetime != "Max-Age 60 s, set by each answer: sliding" || verdicts(r)[saysAgain] != results.Holds {
		t.Errorf("%q, renewal %q", r.Lifetime, verdicts(r)[saysAgain])
	}
}

func TestNothingIsClaimedWithoutInstances(t *testing.T) {
	p := (&world{route: insertedCookie("")}).probe()
	for i := range p.Shots {
		p.Shots[i].Instance = ""
	}
	if r := Judge(p); r.Mechanism != Unknown || !strings.Contains(r.Sentence, "--instance-header") {
		t.Errorf("%q: %s", r.Mechanism, r.Sentence)
	}
	one := func(*world, string, string, string, bool) (int, []string) { return 2, nil }
	if r := Judge((&world{route: one}).probe()); r.Mechanism != Unknown || !strings.Contains(r.Sentence, "only b2") {
		t.Errorf("%q: %s", r.Mechanism, r.Sentence)
	}
	if r := Judge(results.Probe{}); r.Mechanism != Unknown {
		t.Errorf("without a shot the mechanism is %q", r.Mechanism)
	}
}

// One instance gets nearly everything: that requests meet there proves nothing.
func TestUnevenPoolsProveNothing(t *testing.T) {
	lopsided := func(w *world, _, _, _ string, _ bool) (int, []string) {
		if w.turn++; w.turn%25 == 0 {
			return 1, nil
		}
		return 2, nil
	}
	if r := Judge((&world{route: lopsided}).probe()); r.Mechanism == byAddress || r.Mechanism == byCookie || r.Mechanism == byHeader {
		t.Errorf("found %q: %s", r.Mechanism, r.Sentence)
	}
}

// From one address, what looks like a cookie or an address cannot be told from the other.
func TestOneAddressIsSaid(t *testing.T) {
	p := (&world{route: func(_ *world, _, _, _ string, _ bool) (int, []string) { return 1, nil }}).probe()
	p.Sources = false
	p.Shots = append(p.Shots, results.Shot{Test: results.TestNewConns, Instance: "b9", Client: -1})
	if r := Judge(p); r.Mechanism != Unknown || !strings.Contains(r.Sentence, "one address") {
		t.Errorf("%q: %s", r.Mechanism, r.Sentence)
	}
	p = (&world{route: insertedCookie("")}).probe()
	p.Sources = false
	if r := Judge(p); r.Mechanism != "cookie" || r.Marker != "SRV" {
		t.Errorf("%q: %s", r.Mechanism, r.Sentence)
	}
}

func TestErrorsAreCounted(t *testing.T) {
	p := (&world{route: insertedCookie("")}).probe()
	for i := range p.Shots {
		if p.Shots[i].Test == results.TestGarbage {
			p.Shots[i].Status = http.StatusBadGateway
		}
	}
	p.Shots[3].Failure = "connection reset"
	got := verdicts(Judge(p))
	if got[saysGarbage] != results.Broken || got["every request is answered without an error"] != results.Broken {
		t.Errorf("garbage answered with 502 is %q", got[saysGarbage])
	}
}

func TestAMarkerBesideAnother(t *testing.T) {
	beside := func(place, at string) results.Shot {
		return results.Shot{Test: results.TestBeside, Label: "SRV", Group: place, Wanted: "b1", Instance: at, Status: http.StatusOK}
	}
	for name, c := range map[string]struct {
		shots []results.Shot
		want  results.ProbeVerdict
	}{
		"whichever comes first": {[]results.Shot{beside("first", "b1"), beside("second", "b1")}, results.Holds},
		"the first counts":      {[]results.Shot{beside("first", "b1"), beside("second", "b2")}, results.Broken},
		"the last counts":       {[]results.Shot{beside("first", "b2"), beside("second", "b1")}, results.Broken},
		"not tried":             {nil, results.NotApplicable},
	} {
		p := (&world{route: insertedCookie("")}).probe()
		p.Shots = append(p.Shots, c.shots...)
		if got := verdicts(Judge(p))[saysBeside]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

const (
	saysSocket  = "a WebSocket opens at the home"
	saysOpening = "the answer that opens a first WebSocket gives the marker"
	saysStreams = "HTTP/2 streams of a bound client reach its home"
	saysMeeting = "simultaneous first streams of an HTTP/2 connection meet"
)

func TestOtherProtocols(t *testing.T) {
	base := (&world{route: insertedCookie("")}).probe()
	home := arrange(base).homes[0]
	other := map[string]string{"b0": "b1"}[home]
	if other == "" {
		other = "b0"
	}
	for name, c := range map[string]struct {
		shots []results.Shot
		want  map[string]results.ProbeVerdict
	}{
		"nothing else spoken": {[]results.Shot{{Test: results.TestSocket, Status: 200, Instance: home}, {Test: results.TestStream, Failure: "malformed"}},
			map[string]results.ProbeVerdict{saysSocket: results.NotApplicable, saysOpening: results.NotApplicable, saysStreams: results.NotApplicable, saysMeeting: results.NotApplicable}},
		"all well": {[]results.Shot{{Test: results.TestSocket, Status: 101, Instance: home}, {Test: results.TestStream, Status: 200, Instance: home},
			{Test: results.TestFirstSocket, Client: -1, Status: 101, Instance: other, Set: []string{"SRV=srv-0"}},
			{Test: results.TestFirstStream, Group: "1", Client: -1, Instance: home}, {Test: results.TestFirstStream, Group: "1", Client: -1, Instance: home}},
			map[string]results.ProbeVerdict{saysSocket: results.Holds, saysOpening: results.Holds, saysStreams: results.Holds, saysMeeting: results.Holds}},
		"nothing well": {[]results.Shot{{Test: results.TestSocket, Status: 101, Instance: other}, {Test: results.TestStream, Status: 200, Instance: other},
			{Test: results.TestFirstSocket, Client: -1, Status: 101, Instance: other},
			{Test: results.TestFirstStream, Group: "1", Client: -1, Instance: home}, {Test: results.TestFirstStream, Group: "1", Client: -1, Instance: other}},
			map[string]results.ProbeVerdict{saysSocket: results.Broken, saysOpening: results.Broken, saysStreams: results.Broken, saysMeeting: results.Broken}},
	} {
		p := base
		p.Shots = append(append([]results.Shot{}, base.Shots...), c.shots...)
		got := verdicts(Judge(p))
		for what, verdict := range c.want {
			if got[what] != verdict {
				t.Errorf("%s: %s: %q, want %q", name, what, got[what], verdict)
			}
		}
	}
}

func TestRevealingValues(t *testing.T) {
	for value, reveals := range map[string]bool{
		".b%d":                   true,
		"b%d~0a1b2c":             true,
		"ab%dab":                 false, // inside a longer word it stands by chance
		"10.0.0.%d:8080":         true,
		"MTAuMC4wLjE6ODA4M%d":    true,
		"167778740%d.36895.0000": true,
		"secret%d":               false,
	} {
		c := &cookie{name: "SRV", values: map[string][]string{"b1": {fmt.Sprintf(value, 1)}, "b2": {fmt.Sprintf(value, 2)}}}
		if got := c.reveals(); (got.verdict == results.Broken) != reveals {
			t.Errorf("%q: %q, %s", value, got.verdict, got.why)
		}
	}
}

// TestForgeriesAreJudgedByTheirWay: one way that leads where the client chose is enough, hits by chance are none, and of a
// hash nothing is said.
func TestForgeriesAreJudgedByTheirWay(t *testing.T) {
	for _, c := range []struct {
		route func(*world, string, string, string, bool) (int, []string)
		hits  map[string]int // of 12, by way
		want  results.ProbeVerdict
	}{
		{insertedCookie(""), map[string]int{"a": 3, "b": 10}, results.Holds},
		{insertedCookie(""), map[string]int{"a": 3, "b": 11}, results.Broken},
		{cookieHash, map[string]int{"a": 12}, results.NotApplicable},
	} {
		p := (&world{route: c.route}).probe()
		marker := Judge(p).Marker
		p.Shots = slices.DeleteFunc(p.Shots, func(s results.Shot) bool { return s.Test == results.TestForged })
		for way, hits := range c.hits {
			for n := range 12 {
				shot := results.Shot{Test: results.TestForged, Label: marker, Group: way, Client: -1, Wanted: "b1", Instance: "b2", Status: http.StatusOK}
				if n < hits {
					shot.Instance = "b1"
				}
				p.Shots = append(p.Shots, shot)
			}
		}
		if got := verdicts(Judge(p))[saysForge]; got != c.want {
			t.Errorf("hits %v: %s, want %s", c.hits, got, c.want)
		}
	}
}
