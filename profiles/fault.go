package profiles

import (
	"fmt"
	"strings"
)

// Fault is one thing done to an instance ("b2"), to every instance ("all"), to the balancer ("lb"), to one of its
// replicas ("lb2"), to the balancer before them ("front") or to the clients ("clients"). Exactly one of the actions names what it is done to; Validate says which of the other keys
// it takes. Its times pass as they stand: the speed-up does not shorten them.
type Fault struct {
	At Duration `yaml:"at"` // since the run's start

	Kill      string `yaml:"kill,omitempty"`      // SIGKILL: the memory is gone
	Terminate string `yaml:"terminate,omitempty"` // SIGTERM: what is under way may finish within backends.drain
	Start     string `yaml:"start,omitempty"`     // the process again, on the same port
	Restart   string `yaml:"restart,omitempty"`   // terminate, and start For later
	Freeze    string `yaml:"freeze,omitempty"`    // SIGSTOP
	Reset     string `yaml:"reset,omitempty"`     // every connection is answered with a TCP reset
	Slow      string `yaml:"slow,omitempty"`      // every request takes Delay longer
	Error     string `yaml:"error,omitempty"`     // 503 on everything, health check included
	Unhealthy string `yaml:"unhealthy,omitempty"` // 503 on the health check alone
	Flap      string `yaml:"flap,omitempty"`      // unhealthy in the first half of each Every
	Heal      string `yaml:"heal,omitempty"`      // ends freeze, reset, slow, error and unhealthy
	Drain     string `yaml:"drain,omitempty"`     // no new sessions
	Undrain   string `yaml:"undrain,omitempty"`
	Add       string `yaml:"add,omitempty"`     // a new instance, or a removed one again, joins the pool
	Remove    string `yaml:"remove,omitempty"`  // leaves the balancer's configuration; the process stays
	Replace   string `yaml:"replace,omitempty"` // add With, remove and terminate this one
	Rolling   string `yaml:"rolling,omitempty"` // deploy: each For, the next one is drained, restarted, undrained
	Reload    string `yaml:"reload,omitempty"`  // the balancer reads its configuration again
	Blind     string `yaml:"blind,omitempty"`   // one Replica of the balancer can no longer reach the instance

	Forget string `yaml:"forget,omitempty"` // every client loses its markers: the cookies that are not the application's
	Garble string `yaml:"garble,omitempty"` // every client's markers are damaged
	Double string `yaml:"double,omitempty"` // every client has a second cookie of each marker's name
	Replay string `yaml:"replay,omitempty"` // every client sends the markers of another one
	Move   string `yaml:"move,omitempty"`   // every client comes from another address
	Pause  string `yaml:"pause,omitempty"`  // every client is idle For so long

	For        Duration `yaml:"for,omitempty"`
	Every      Duration `yaml:"every,omitempty"`
	Delay      Duration `yaml:"delay,omitempty"`
	With       string   `yaml:"with,omitempty"`
	Replica    int      `yaml:"replica,omitempty"`     // which replica, from 1
	KeepMemory bool     `yaml:"keep_memory,omitempty"` // the sessions survive the restart
}

// The names that are no instance's.
const (
	EveryInstance = "all"
	TheBalancer   = "lb"
	TheFront      = "front" // the balancer before it, where there is one
	TheClients    = "clients"
)

// keys is a set of the keys beside the action.
type keys uint8

const (
	keyFor keys = 1 << iota
	keyEvery
	keyDelay
	keyWith
	keyKeep
	keyReplica
)

// names of the keys, in the order of their bits.
func (k keys) String() string {
	var all []string
	for i, name := range []string{"for", "every", "delay", "with", "keep_memory", "replica"} {
		if k&(1<<i) != 0 {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

// given are the keys that the fault sets.
func (f Fault) given() (k keys) {
	for bit, set := range map[keys]bool{keyFor: f.For != 0, keyEvery: f.Every != 0, keyDelay: f.Delay != 0, keyWith: f.With != "", keyKeep: f.KeepMemory, keyReplica: f.Replica != 0} {
		if set {
			k |= bit
		}
	}
	return k
}

// on is a set of what a fault may be done to.
type on uint8

const (
	single on = 1 << iota
	every
	balancer // the whole, a replica of it, or the one before it
	joining  // an instance that is not in the pool at that time
	visitors
)

func (o on) String() string {
	var names []string
	for i, name := range []string{"an instance", EveryInstance, TheBalancer + ", a replica of it (" + ReplicaName(0, 2) + ", …) or " + TheFront, "an instance that is not in the pool", TheClients} {
		if o&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// faultKind is one row of the table of faults.
type faultKind struct {
	name   string
	on     on
	takes  keys
	needs  keys
	target func(*Fault) *string
	events func(f Fault, name, target string) []Event // nil: one event, or two with For
}

// faultKinds is the table: a fault is a row here, and a primitive also a player in targets.
func faultKinds() []faultKind {
	return []faultKind{
		{"kill", single | every | balancer, 0, 0, func(f *Fault) *string { return &f.Kill }, nil},
		{"terminate", single | every | balancer, keyKeep, 0, func(f *Fault) *string { return &f.Terminate }, nil},
		{"start", single | every | balancer, 0, 0, func(f *Fault) *string { return &f.Start }, nil},
		{"restart", single | every | balancer, keyFor | keyKeep, 0, func(f *Fault) *string { return &f.Restart }, restarted},
		{"freeze", single | every, keyFor, 0, func(f *Fault) *string { return &f.Freeze }, nil},
		{"reset", single | every, keyFor, 0, func(f *Fault) *string { return &f.Reset }, nil},
		{"slow", single | every, keyFor | keyDelay, keyDelay, func(f *Fault) *string { return &f.Slow }, nil},
		{"error", single | every, keyFor, 0, func(f *Fault) *string { return &f.Error }, nil},
		{"unhealthy", single | every, keyFor, 0, func(f *Fault) *string { return &f.Unhealthy }, nil},
		{"flap", single | every, keyFor | keyEvery, keyFor | keyEvery, func(f *Fault) *string { return &f.Flap }, flapping},
		{"heal", single | every, 0, 0, func(f *Fault) *string { return &f.Heal }, nil},
		{"drain", single, keyFor, 0, func(f *Fault) *string { return &f.Drain }, drained},
		{"undrain", single, 0, 0, func(f *Fault) *string { return &f.Undrain }, nil},
		{"add", joining, 0, 0, func(f *Fault) *string { return &f.Add }, nil},
		{"remove", single, 0, 0, func(f *Fault) *string { return &f.Remove }, nil},
		{"replace", single, keyWith, keyWith, func(f *Fault) *string { return &f.Replace }, replaced},
		{"rolling", every, keyFor | keyKeep, keyFor, func(f *Fault) *string { return &f.Rolling }, rolling},
		{"reload", balancer, 0, 0, func(f *Fault) *string { return &f.Reload }, nil},
		{"blind", single, keyFor | keyReplica, keyReplica, func(f *Fault) *string { return &f.Blind }, nil},
		{"forget", visitors, 0, 0, func(f *Fault) *string { return &f.Forget }, nil},
		{"garble", visitors, 0, 0, func(f *Fault) *string { return &f.Garble }, nil},
		{"double", visitors, 0, 0, func(f *Fault) *string { return &f.Double }, nil},
		{"replay", visitors, 0, 0, func(f *Fault) *string { return &f.Replay }, nil},
		{"move", visitors, 0, 0, func(f *Fault) *string { return &f.Move }, nil},
		{"pause", visitors, keyFor, keyFor, func(f *Fault) *string { return &f.Pause }, paused},
	}
}

func faultNames() string {
	var names []string
	for _, k := range faultKinds() {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

// Action gives the one action of the fault and what it is done to; "" when there is not exactly one.
func (f Fault) Action() (action, target string) {
	kind, target := f.kind()
	return kind.name, target
}

func (f Fault) kind() (found faultKind, target string) {
	for _, k := range faultKinds() {
		name := *k.target(&f)
		if name == "" {
			continue
		}
		if found.name != "" {
			return faultKind{}, ""
		}
		found, target = k, name
	}
	return found, target
}

// InstanceName is the name of the n-th instance, from 0.
func InstanceName(n int) string { return fmt.Sprintf("b%d", n+1) }

// mostInstances bounds the pool: one process each.
const mostInstances = 200

// InstanceNumber is the inverse of InstanceName; -1 for what is no instance's name.
func InstanceNumber(name string) int {
	for n := range mostInstances {
		if name == InstanceName(n) {
			return n
		}
	}
	return -1
}
