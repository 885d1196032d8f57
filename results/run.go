package results

import (
	"fmt"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// Family says where a mechanism sends a session whose home failed (see docs/concepts.md).
type Family string

// The families.
const (
	MoveAndStay Family = "stay"  // rebinds once, stays on the new home
	MoveAndHome Family = "home"  // hash: returns when the home does
	Flap        Family = "flap"  // another instance on each request until the home is back
	Stuck       Family = "stuck" // no failover: errors until the home is back
	NoAffinity  Family = "none"  // spreads every request
	Unknown     Family = "unknown"
)

// Agreement says whether replicas of a balancer send a session to the same instance while they see the
// same instances healthy.
type Agreement string

// The agreements; empty = unknown.
const (
	Agree       Agreement = "agree"       // a request carries all that they go by
	Synchronise Agreement = "synchronise" // they tell one another what they learn, a moment later
	Disagree    Agreement = "disagree"    // each goes by what it alone has learned
)

// Mechanism is what a balancer's affinity mechanism promises.
type Mechanism struct {
	Name       string        `json:"name"` // "cookie", "ip-hash", …
	Family     Family        `json:"family"`
	Key        string        `json:"key"`                 // what the routing depends on: "cookie", "address", "header", "none"
	Disruption string        `json:"disruption"`          // on a pool change: "none" (bound), "minimal" (consistent hash), "modulo"
	Random     bool          `json:"random"`              // new sessions are placed uniformly at random
	TTL        time.Duration `json:"ttl_ns"`              // effective, after speed-up; 0 = none
	Sliding    bool          `json:"sliding"`             // TTL counts from the last request, otherwise from binding
	Detection  time.Duration `json:"detection_ns"`        // effective time until a failed instance leaves the rotation
	Agreement  Agreement     `json:"agreement,omitempty"` // of replicas
	Cookie     string        `json:"cookie,omitempty"`    // name of the one that the balancer makes and routes on; empty = it makes none
}

// Instance is one mock backend or identified application instance.
type Instance struct {
	Name   string  `json:"name"`
	URL    string  `json:"url"`
	Weight float64 `json:"weight"`
	Cores  float64 `json:"cores"` // CPU capacity
	// Virtual CPU is queued for, not burnt: an instance's samples then carry virtual CPU time.
	Virtual bool   `json:"virtual,omitempty"`
	Zone    string `json:"zone,omitempty"` // availability zone
}

// Weighs is the instance's weight at the balancer; 1 where nobody said it.
func (i Instance) Weighs() float64 {
	if i.Weight <= 0 {
		return 1
	}
	return i.Weight
}

// Weights are those of the instances, in order; nil when they are equal.
func (r Run) Weights() (weights []float64) {
	uneven := false
	for _, i := range r.Instances {
		weights = append(weights, i.Weighs())
		uneven = uneven || i.Weighs() != weights[0]
	}
	if !uneven {
		return nil
	}
	return weights
}

// BalancerReplica is one of several processes of the balancer that users' connections go round.
type BalancerReplica struct {
	Name string `json:"name"` // "lb1": Exchange.Replica 1
	URL  string `json:"url"`
}

// Front is a balancer before the replicas of the one that is measured: users connect to it alone.
type Front struct {
	LB        string            `json:"lb"`
	Version   string            `json:"version"`
	Mechanism Mechanism         `json:"mechanism"`
	URL       string            `json:"url"`
	Replicas  []BalancerReplica `json:"replicas"` // its pool
}

// String is what the report says of it; "" of none.
func (f *Front) String() string {
	if f == nil {
		return ""
	}
	replicas := "1 replica"
	if n := len(f.Replicas); n > 1 {
		replicas = fmt.Sprintf("%d replicas", n)
	}
	return fmt.Sprintf("%s behind %s, %s", replicas, strings.TrimSpace(f.LB+" "+f.Version), f.Mechanism.Name)
}

// Run is run.json: what analysis must know that the experiment does not say.
type Run struct {
	Schema    string    `json:"schema"` // "stickybench/run/v1"
	Version   string    `json:"version"`
	Name      string    `json:"name"`
	LB        string    `json:"lb"`
	LBVersion string    `json:"lb_version"`
	Mechanism Mechanism `json:"mechanism"`
	Store     string    `json:"store"`
	// StoreVersion is that of a server that the run started.
	StoreVersion string            `json:"store_version,omitempty"`
	Mix          string            `json:"mix"`
	Seed         uint64            `json:"seed"`
	Profiles     []string          `json:"profiles"` // Exchange.Profile indexes this
	Instances    []Instance        `json:"instances"`
	Replicas     []BalancerReplica `json:"replicas,omitempty"` // none where there is only one, or behind a front
	Front        *Front            `json:"front,omitempty"`
	Start        clock.Time        `json:"start"`    // first due time
	Measured     clock.Time        `json:"measured"` // end of warm-up
	End          clock.Time        `json:"end"`      // 0 when the run did not end by itself
	Host         Host              `json:"host"`
	Generator    Generator         `json:"generator"`
	Warnings     []string          `json:"warnings"` // what targets or generator want said in the report
	Interrupted  bool              `json:"interrupted"`
	Revision     Revision          `json:"revision,omitzero"`
}

// Host is the machine of the run.
type Host struct {
	OS, Arch, Kernel, CPU string
	Cores                 int
	MemoryBytes           uint64
}

// Generator is the load generator's account of itself, written when the run ends.
type Generator struct {
	Shards           int           `json:"shards"`
	Offered          uint64        `json:"offered"` // requests that came due
	Sent             uint64        `json:"sent"`
	Dropped          uint64        `json:"dropped"` // arrivals beyond the user limit
	LagP50           time.Duration `json:"lag_p50_ns"`
	LagP99           time.Duration `json:"lag_p99_ns"`
	CPU              time.Duration `json:"cpu_ns"`
	GCPauses         time.Duration `json:"gc_pauses_ns"`         // how long the collector stopped the generator, in all
	GCLongest        time.Duration `json:"gc_longest_ns"`        // at a time
	RecordingHeld    time.Duration `json:"recording_held_ns"`    // how long the disk kept the generator waiting, in all
	RecordingLongest time.Duration `json:"recording_longest_ns"` // at a time
	InFlight         time.Duration `json:"in_flight_ns"`         // sum over time of the requests in flight
	Service          time.Duration `json:"service_ns"`           // sum over requests of the time from sent to done
	DroppedCookies   uint64        `json:"dropped_cookies"`      // Set-Cookie fields the jar refused
}

// Describe says in a few words what a session does when its home fails.
func (f Family) Describe() string {
	switch f {
	case MoveAndStay:
		return "moves and stays"
	case MoveAndHome:
		return "moves and comes home"
	case Flap:
		return "flaps until it is back"
	case Stuck:
		return "fails until it is back"
	case NoAffinity:
		return "was never bound"
	}
	return "unknown"
}
