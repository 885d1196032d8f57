package targets

import (
	"cmp"
	"context"
	"encoding/json"
	"net"
	"strconv"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/balancers"
	"github.com/stickybench/stickybench/targets/lb"
)

// Offer is one balancer and mechanism that an experiment can name.
type Offer struct {
	Use       string // "haproxy:cookie"
	Mechanism results.Mechanism
	Drain     string // what a drain does to bound sessions: "keeps", "moves", "unknown", or "-" for impossible
	Reload    string // what a new configuration does to them: the same words, or "forgets"
	Expires   string // what ends a binding: "idle", "age", "idle or age", "-"
	Marker    string // what a client can do with the balancer's marker
	Replicas  string // whether replicas agree: "agree", "synchronise", "disagree", "unknown", or "-" where nothing is bound
	Installed string // version found here, "built in", "your own", or how to install it
	Notes     []string
}

// What pool changes do to bound sessions.
const (
	keeps      = "keeps"
	moves      = "moves"
	forgets    = "forgets"
	impossible = "-"
)

// Available lists every balancer and mechanism.
func Available(ctx context.Context) []Offer {
	var all []Offer
	for _, m := range lb.Mechanisms() {
		all = append(all, builtinOffer(m))
	}
	for _, row := range balancers.List() {
		version, err := row.Version(ctx)
		for _, m := range row.Mechanisms {
			all = append(all, realOffer(row, m, installation(row, m, version, err)))
		}
	}
	return all
}

func builtinOffer(m results.Mechanism) Offer {
	o := Offer{Use: builtin + ":" + m.Name, Mechanism: m, Drain: moves, Reload: impossible, Expires: impossible,
		Marker: string(balancers.NoMarker), Replicas: agreement(m), Installed: "built in"}
	if m.Family == results.MoveAndStay {
		o.Drain, o.Expires = keeps, expires(true, true)
	}
	if m.Family == results.NoAffinity {
		o.Drain = impossible
	}
	if m.Name == "cookie" {
		o.Marker = string(balancers.Signed)
	}
	return o
}

func realOffer(row balancers.Row, m balancers.Mechanism, installed string) Offer {
	o := Offer{Use: row.Name + ":" + m.Name, Mechanism: m.Mechanism, Drain: impossible, Reload: impossible,
		Expires: expires(m.Idle, m.Age), Marker: string(m.Marker), Replicas: agreement(m.Mechanism), Installed: installed, Notes: m.Notes}
	for _, note := range []string{m.DrainNote, m.ReloadNote} {
		if note != "" {
			o.Notes = append(o.Notes, note)
		}
	}
	if m.Family == results.NoAffinity {
		return o
	}
	if row.CanDrain() {
		o.Drain = noted(m.DrainNote, moves)
	}
	if row.CanReload() {
		o.Reload = noted(m.ReloadNote, forgets)
	}
	return o
}

// noted is worse when a note says that bound sessions are not kept.
func noted(note, worse string) string {
	if note != "" {
		return worse
	}
	return keeps
}

func agreement(m results.Mechanism) string {
	if m.Family == results.NoAffinity {
		return impossible
	}
	return cmp.Or(string(m.Agreement), "unknown")
}

func expires(idle, age bool) string {
	switch {
	case idle && age:
		return "idle or age"
	case idle:
		return "idle"
	case age:
		return "age"
	}
	return impossible
}

func installation(row balancers.Row, m balancers.Mechanism, version string, err error) string {
	switch {
	case row.Binary == "":
		return "your own"
	case err != nil:
		return "no (" + row.Install + ")"
	case row.Supports(m, version) != nil:
		return version + ", needs " + m.Since
	}
	return version
}

// Where Config puts what only a run decides.
const (
	previewListen = "127.0.0.1:8080"
	previewPort   = 9001
)

// Config is the configuration that a run of e would use, for the first of several replicas, with example ports and paths.
func Config(e *profiles.Experiment) (string, error) {
	if err := Check(e); err != nil {
		return "", err
	}
	e = behind(e)
	var instances []balancers.Instance
	of := e.Balancer.Count()
	for n := range e.Backends.Count {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(previewPort+n))
		instances = append(instances, balancers.Instance{Name: profiles.InstanceName(n), Address: address, Weight: e.Backends.Weight(n)})
	}
	if name, mechanism, _ := strings.Cut(e.Balancer.Use, ":"); name == builtin {
		text, err := json.MarshalIndent(builtinOptions(e, builtinMechanism(mechanism), previewListen, "", instances), "", "  ")
		return string(text) + "\n", err
	}
	row, _, err := balancers.Lookup(e.Balancer.Use)
	if err != nil {
		return "", err
	}
	p := paramsOf(e, row)
	p.Name, p.Listen, p.Instances = profiles.ReplicaName(0, of), previewListen, instances
	p.Directory, p.Socket = "RUN_DIR/"+p.Name, "RUN_DIR/"+p.Name+"/admin.sock"
	for n := range of {
		name := profiles.ReplicaName(n, of)
		p.Peers = append(p.Peers, balancers.Peer{Name: name, Socket: "RUN_DIR/" + name + "/peers.sock"})
	}
	return balancers.Render(e.Balancer.Use, p)
}
