package balancers

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stickybench/stickybench/results"
)

// Row is one load balancer.
type Row struct {
	Name       string
	Binary     string // program name; empty for exec
	Install    string // how to get it
	HTTP2      bool   // takes HTTP/2 without TLS on the port of HTTP/1.1
	Mechanisms []Mechanism

	command   func(Params) ([]string, error)
	config    string // file name of the configuration below Params.Directory
	leaves    string // file below Params.Directory that a killed process leaves, and that may keep the next from starting; empty = none
	watched   file   // template of a part that the program reads again when it is replaced; none for most
	version   []string
	detection func(Health) time.Duration
	weighs    int                                                                        // the largest weight of an instance that it takes; 0 = none
	limits    bool                                                                       // the configuration heeds .MaxConnections
	told      bool                                                                       // the configuration takes the client's address from PROXY headers and X-Forwarded-For
	toldSince string                                                                     // least version that can; empty = any
	logs      func() parser                                                              // understands its access log; nil = none is set up
	logNote   string                                                                     // what its log does not tell
	speaks    bool                                                                       // the access log goes to standard output
	drain     func(ctx context.Context, running Running, instance string) error          // nil = cannot
	reload    func(ctx context.Context, running Running) error                           // nil = cannot
	point     func(ctx context.Context, running Running, instance, address string) error // moves an instance without a reload; nil = by one
	linked    func(ctx context.Context, running Running, ripe bool) error                // waits for the other replicas; nil = they do not speak
}

// Mechanism is one way a balancer keeps a session on its instance.
type Mechanism struct {
	results.Mechanism
	Marker     Marker
	Idle, Age  bool     // the binding can expire by idle time, by age
	Choice     bool     // unbound sessions are placed as lb.choice says
	Since      string   // least version that has it; empty = any
	Notes      []string // what a reader of the results must know
	DrainNote  string   // set when a drain does not keep bound sessions
	ReloadNote string   // set when a reload does not keep bound sessions
	text       string   // template of the configuration
	refuse     func(Params) error
}

// Marker says what a client can do with the balancer's marker.
type Marker string

// The kinds of markers, from nothing to hold to a value that chooses.
const (
	NoMarker  Marker = "no marker"           // address, header or the application's own cookie
	Signed    Marker = "cannot be forged"    // keyed hash or signature
	Unsalted  Marker = "can be computed"     // hash of the instance's address without a key
	NamesHome Marker = "chooses an instance" // carries the instance's name or address
	Hashed    Marker = "is hashed as it is"  // any value has some home; a client can search for one
)

// rows is the table.
func rows() []Row {
	return []Row{nginx(), haproxy(), apache(), caddy(), nghttpx(), traefik(), envoy(), varnish(), lighttpd(), command()}
}

// List gives every balancer known here.
func List() []Row { return rows() }

// Lookup finds "NAME", "NAME:MECHANISM" or "exec:CMD…"; without a mechanism it is the first one.
func Lookup(use string) (Row, Mechanism, error) {
	name, mechanism, _ := strings.Cut(use, ":")
	for _, r := range rows() {
		if r.Name != name {
			continue
		}
		if r.Binary == "" || mechanism == "" {
			return r, r.Mechanisms[0], nil
		}
		m, err := r.mechanism(mechanism)
		return r, m, err
	}
	return Row{}, Mechanism{}, UseError(fmt.Sprintf("%q is no known balancer; use one of %s, or builtin:cookie", name, names()))
}

func (r Row) mechanism(name string) (Mechanism, error) {
	known := make([]string, 0, len(r.Mechanisms))
	for _, m := range r.Mechanisms {
		if m.Name == name {
			return m, nil
		}
		known = append(known, r.Name+":"+m.Name)
	}
	return Mechanism{}, NoMechanism(r.Name, name, known)
}

// UseError is what is wrong with the words that name a balancer; which key they stand under is for the caller to say.
type UseError string

func (e UseError) Error() string { return "lb.use: " + string(e) }

// NoMechanism says which mechanisms are known.
func NoMechanism(balancer, mechanism string, known []string) error {
	return UseError(fmt.Sprintf("%s has no mechanism %q; use one of %s", balancer, mechanism, strings.Join(known, ", ")))
}

func names() string {
	var all []string
	for _, r := range rows() {
		all = append(all, r.Name)
	}
	return strings.Join(all, ", ")
}
