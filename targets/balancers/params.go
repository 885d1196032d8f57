package balancers

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"github.com/stickybench/stickybench/profiles"
)

// Params are what a configuration depends on. Times are effective: the speed-up is applied.
type Params struct {
	Name           string // of this replica: "lb", or "lb1" of several
	Peers          []Peer // all replicas, this one too
	Listen         string // HOST:PORT
	Instances      []Instance
	Directory      string        // absolute; the balancer's files go here and nowhere else
	Socket         string        // admin socket path, for balancers that have one
	User           string        // account for workers when started by root; empty = not root
	TTL            time.Duration // affinity lifetime; 0 = none
	Absolute       bool          // TTL counts from binding, not from the last request
	Choice         string        // how unbound sessions are placed: "random", "round-robin", "least"
	Health         Health
	Weights        []int  // when they differ: those of the instances in turn; see Instance
	MaxConnections int    // requests, or connections, that an instance gets at a time; 0 = no limit
	Templated      bool   // exec: there is a template for {config}
	AccessLog      bool   // write File("access.log"), whatever it costs
	Cookie         string // name of the marker cookie; empty = the mechanism's own
	CheckHost      string // Host that health checks name where the balancer by itself names none; set where the instances are balancers, which want one
	Via            string // where the client's address stands: one of profiles.Vias, or empty
	Command        string // exec: the program and its arguments
	Template       string // exec: text of the configuration template for {config}
}

// Peer is a replica and where it hears from the others.
type Peer struct{ Name, Socket string }

// Instance is one upstream.
type Instance struct {
	Name     string // "b1"
	Address  string // HOST:PORT
	Draining bool   // to get no new sessions
	Weight   int    // written where it is above 1, which is what every balancer takes without one
}

// ID is the instance's number for good, from 1; 0 for a name that is not ours.
func (i Instance) ID() int { return profiles.InstanceNumber(i.Name) + 1 }

// Health is the check of the instances.
type Health struct {
	Interval, Timeout time.Duration
	Rise, Fall        int
}

// detection is how long an active check takes to notice a dead instance, at the worst.
func (h Health) detection() time.Duration { return h.FailTimeout() + h.Timeout }

// FailTimeout is how long failures are counted, and for passive checks how long they exclude.
func (h Health) FailTimeout() time.Duration { return h.Interval * time.Duration(h.Fall) }

// Attempts are how often a request is tried in all, for balancers that count the first try.
func (h Health) Attempts() int { return h.Fall + 1 }

// wholeSeconds is FailTimeout as balancers take it that know nothing finer.
func (h Health) wholeSeconds() time.Duration {
	return max(time.Second, (h.FailTimeout() + time.Second - 1).Truncate(time.Second))
}

// File is a path below the balancer's directory.
func (p Params) File(name string) string { return filepath.Join(p.Directory, name) }

// Beside is a path next to the admin socket, short enough for another socket.
func (p Params) Beside(name string) string { return filepath.Join(filepath.Dir(p.Socket), name) }

// Milliseconds writes d for configuration files that take "ms"; zero would turn a time-out off.
func (Params) Milliseconds(d time.Duration) string {
	return fmt.Sprintf("%dms", max(1, int64(math.Ceil(float64(d)/float64(time.Millisecond)))))
}

// AtLeast writes d in milliseconds, but not less than a balancer's least setting.
func (p Params) AtLeast(least string, d time.Duration) (string, error) {
	floor, err := time.ParseDuration(least)
	return p.Milliseconds(max(floor, d)), err
}

// Comma writes HOST:PORT as "HOST,PORT".
func (Params) Comma(address string) string {
	at := max(0, strings.LastIndexByte(address, ':'))
	return strings.Trim(address[:at], "[]") + strings.Replace(address[at:], ":", ",", 1)
}

// WholeSeconds writes d as a bare number of seconds, rounded up.
func (p Params) WholeSeconds(d time.Duration) string { return strings.TrimSuffix(p.Seconds(d), "s") }

// Decimal writes d as seconds with a fraction, as protocol buffers do.
func (Params) Decimal(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }

// JSON quotes text for a configuration in JSON or YAML.
func (Params) JSON(text string) (string, error) {
	quoted, err := json.Marshal(text)
	return string(quoted), err
}

// Seconds writes d rounded up, for settings that know nothing finer.
func (Params) Seconds(d time.Duration) string {
	return fmt.Sprintf("%ds", max(1, int64(math.Ceil(d.Seconds()))))
}

// Proxied says whether connections begin with a PROXY header.
func (p Params) Proxied() bool { return profiles.ProxyVersion(p.Via) > 0 }

// Forwarded says whether X-Forwarded-For holds the client's address.
func (p Params) Forwarded() bool { return p.Via == profiles.ViaForwarded }
