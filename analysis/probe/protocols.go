package probe

import (
	"net/http"

	"github.com/stickybench/stickybench/results"
)

// assertProtocols judges what is not a plain HTTP/1.1 request.
func (s *seen) assertProtocols(f finding, say func(string, outcome)) {
	say("a WebSocket opens at the home", s.reaches(f, results.TestSocket, "no WebSocket was accepted"))
	say("the answer that opens a first WebSocket gives the marker", s.marked(f))
	say("HTTP/2 streams of a bound client reach its home", s.reaches(f, results.TestStream, "no HTTP/2 is spoken here"))
	say("simultaneous first streams of an HTTP/2 connection meet", s.streamsMeet(f))
}

// spoken says whether the first try of a protocol succeeded; the others were left out if it did not.
func (s *seen) spoken(test string) bool {
	shots := s.of(test, "")
	return len(shots) > 0 && shots[0].Failure == "" && (test != results.TestSocket || shots[0].Status == http.StatusSwitchingProtocols)
}

// reaches: bound clients come home by another protocol too.
func (s *seen) reaches(f finding, test, silent string) outcome {
	if !s.spoken(test) {
		return inapplicable(silent)
	}
	switch f.mechanism {
	case Unknown, byNothing, byConnection:
		return inapplicable("no home is known")
	case byHeader:
		return inapplicable("these requests carried no " + f.marker)
	}
	e := s.home(test, "")
	if e.Trials == 0 {
		return inapplicable("the answers name no instance")
	}
	tries := len(s.of(test, ""))
	return holds(e.Home == tries, "%d of %d came home", e.Home, tries)
}

// marked: a client whose first request opens a WebSocket must be bound by its answer, or its later requests go elsewhere.
func (s *seen) marked(f finding) outcome {
	shots := s.of(results.TestFirstSocket, "")
	switch {
	case len(shots) == 0:
		return inapplicable("no WebSocket was accepted")
	case f.mechanism != byCookie || f.kind == kindUnknown:
		return inapplicable("routing depends on no single cookie")
	}
	n := 0
	for _, shot := range shots {
		if setIn(shot, f.marker) != nil {
			n++
		}
	}
	return holds(n == len(shots), "%d of %d answers with status 101 set %s", n, len(shots), f.marker)
}

func (s *seen) streamsMeet(f finding) outcome {
	groups := s.grouped(results.TestFirstStream, "")
	if len(groups) == 0 {
		return inapplicable("no HTTP/2 is spoken here")
	}
	if f.mechanism == Unknown || f.mechanism == byNothing {
		return inapplicable("no mechanism is known")
	}
	together, _ := whole(groups)
	return holds(together == len(groups), "%d of %d connections led all their first streams to one instance", together, len(groups))
}
