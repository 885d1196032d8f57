package results

import (
	"encoding/json"
	"io"
)

// ProbeSchema is the schema of what `stickybench probe --json` prints.
const ProbeSchema = "stickybench/probe/v1"

// The tests of a probe. Unless said otherwise every request has a new connection.
const (
	TestFirst       = "first"        // a new client's first request, from an address of its own
	TestFollow      = "follow"       // the same client, all its cookies and its address kept
	TestKept        = "kept"         // the same client again, all on one connection
	TestCookies     = "cookies"      // its cookies, from another address each time
	TestBare        = "bare"         // its address, no cookies
	TestOnly        = "only"         // of its cookies the one that Label names, from another address
	TestWithout     = "without"      // all its cookies but the one that Label names, from another address
	TestHeader      = "header"       // no cookies, another address each time, the request header that Label names; Group is its value
	TestHeaders     = "headers"      // several at once with one value of it, another for each Group
	TestKnownHeader = "known header" // several at once with a value of TestHeader; Group is the value
	TestNewConns    = "new conns"    // no cookies, another address each time; Group is the same as of a TestOneConn
	TestOneConn     = "one conn"     // no cookies, several requests on one connection; Group is the connection
	TestBurst       = "burst"        // several first requests of a new client at once; Group is the client
	TestKnownBurst  = "known burst"  // several at once from the address of a client that came before, no cookies; Group is the client
	TestInvented    = "invented"     // the cookie that Label names with an invented value of the usual shape; Group is the value
	TestInvention   = "invention"    // several at once with one invented value, another for each Group
	TestGarbage     = "garbage"      // with a value of no sense
	TestEmpty       = "empty"        // with no value
	TestDuplicate   = "duplicate"    // with two valid values; Wanted is the home of the first, Other of the second
	TestBeside      = "beside"       // with a valid value and one of no sense; Wanted is the home, Group the place of the valid one: first or second
	TestForged      = "forged"       // with a value made to lead to Wanted; Group says how
	TestSocket      = "socket"       // as follow, opening a WebSocket
	TestFirstSocket = "first socket" // a new client's first request opens a WebSocket
	TestStream      = "stream"       // as follow, all of a client on one HTTP/2 connection
	TestFirstStream = "first stream" // several first requests at once on one HTTP/2 connection; Group is the connection
	TestIdle        = "idle"         // as follow, after a pause
)

// Shot is one request of a probe and its answer.
type Shot struct {
	Test     string   `json:"test"`
	Label    string   `json:"label,omitempty"` // cookie or header
	Group    string   `json:"group,omitempty"` // shots that share something
	Wanted   string   `json:"wanted,omitempty"`
	Other    string   `json:"other,omitempty"`
	Client   int      `json:"client"`            // of those with an address and cookies of their own, from 0
	Source   string   `json:"source,omitempty"`  // address it came from; empty = the only one
	Sent     string   `json:"sent,omitempty"`    // Cookie header
	Failure  string   `json:"failure,omitempty"` // no answer, and why
	Status   int      `json:"status,omitempty"`
	Instance string   `json:"instance,omitempty"` // as the answer names it
	Set      []string `json:"set,omitempty"`      // Set-Cookie lines
}

// Probe is everything that a probe saw.
type Probe struct {
	URL     string  `json:"url"`
	Secure  bool    `json:"secure"`  // https
	Sources bool    `json:"sources"` // clients had different addresses
	Idle    float64 `json:"idle_s"`  // pause before TestIdle; 0 = not tested
	Shots   []Shot  `json:"shots"`
}

// ProbeVerdict is what became of one assertion.
type ProbeVerdict string

// The verdicts.
const (
	Holds         ProbeVerdict = "pass"
	Broken        ProbeVerdict = "fail"
	NotApplicable ProbeVerdict = "not applicable"
)

// Assertion is one statement about affinity, and whether it holds here.
type Assertion struct {
	Name    string       `json:"name"`
	Verdict ProbeVerdict `json:"verdict"`
	Why     string       `json:"why"`
	Marker  bool         `json:"marker,omitempty"` // it is about the marker cookie
}

// ProbeReport is what a probe found out.
type ProbeReport struct {
	Schema     string          `json:"schema"`
	URL        string          `json:"url"`
	Mechanism  string          `json:"mechanism"`        // "cookie", "address", "header", "connection", "none", "unknown"
	Kind       string          `json:"kind,omitempty"`   // see Sentence
	Marker     string          `json:"marker,omitempty"` // name of the cookie or header
	Sentence   string          `json:"sentence"`
	Lifetime   string          `json:"lifetime,omitempty"`   // of the marker
	Attributes string          `json:"attributes,omitempty"` // of the marker, as last set
	Instances  []string        `json:"instances"`
	Requests   int             `json:"requests"`
	Assertions []Assertion     `json:"assertions"`
	Evidence   []ProbeEvidence `json:"evidence"`
}

// ProbeEvidence is how often clients came to their home when only something of theirs was sent.
type ProbeEvidence struct {
	What   string `json:"what"`
	Home   int    `json:"home"`
	Trials int    `json:"trials"`
}

// Encode writes the report as indented JSON.
func (r *ProbeReport) Encode(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
