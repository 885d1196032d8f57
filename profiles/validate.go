package profiles

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// keyError is a wrong value and the dotted key it stands under.
type keyError struct{ key, message string }

func (e keyError) Error() string { return e.key + ": " + e.message }

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func wrong(key, format string, args ...any) error {
	return keyError{key, fmt.Sprintf(format, args...)}
}

// Scale is the effective length of a nominal think time, TTL or detection window.
func (e *Experiment) Scale(d Duration) time.Duration {
	return time.Duration(float64(d) / e.Speedup)
}

// Validate reports the first thing that cannot be run.
func (e *Experiment) Validate() error {
	for _, check := range []func() error{e.checkTimes, e.Store.check, e.checkBalancer, e.checkInstances, e.checkLoad, e.checkMix, e.checkFaults} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *Experiment) checkTimes() error {
	switch {
	case e.Duration <= 0:
		return wrong("duration", "%v is no length of time; use one above 0, such as 30s", time.Duration(e.Duration))
	case e.Warmup < 0 || e.Warmup >= e.Duration:
		return wrong("warmup", "%v leaves nothing of duration %v to measure; make it shorter", time.Duration(e.Warmup), time.Duration(e.Duration))
	case !(e.Speedup > 0) || math.IsInf(e.Speedup, 1):
		return wrong("speedup", "%v; use a number above 0, 1 for real time", e.Speedup)
	case e.Sessions < 0:
		return wrong("sessions", "%d is negative; use 0 for no limit", e.Sessions)
	}
	return nil
}

func (e *Experiment) checkBalancer() error {
	b := e.Balancer
	switch {
	case b.URL == "" && b.Use == "":
		return wrong("lb.use", "names no balancer; use builtin:cookie, haproxy:cookie, … (see `stickybench balancers list`)")
	case b.URL == "" && b.RoutesOn != "":
		return wrong("lb.routes_on", "only of lb.url it is not known; leave it out")
	case b.URL == "" && len(b.Others) > 0:
		return wrong("lb.other_urls", "only lb.url has other replicas elsewhere; set lb.url, or lb.replicas for how many are started")
	case b.URL != "" && b.Replicas != 1:
		return wrong("lb.replicas", "the run does not start lb.url; leave it out and name the other replicas in lb.other_urls")
	case b.Replicas < 1 || b.Replicas > MostReplicas:
		return wrong("lb.replicas", "%d; use 1 to %d", b.Replicas, MostReplicas)
	case b.URL == "" && len(b.Backends) > 0:
		return wrong("lb.backends", "only instances behind lb.url are started elsewhere; set lb.url, or leave it out")
	case b.URL != "" && b.Front != nil:
		return wrong("lb.front", "the run starts nothing in front of lb.url; leave it out, or let the run start both with lb.use")
	case b.URL != "" && b.Log:
		return wrong("lb.access_log", "what a balancer at lb.url logs is not known here; leave it out, or let the run start the balancer with lb.use")
	case b.Points < 0:
		return wrong("lb.points", "%d is negative; use 0 for rendezvous hashing", b.Points)
	case b.TTL < 0:
		return wrong("lb.ttl", "%v is negative; use 0 for none", time.Duration(b.TTL))
	case !slices.Contains([]string{"", "random", "round-robin", "least"}, b.Choice):
		return wrong("lb.choice", "%q is unknown; use random, round-robin or least", b.Choice)
	case b.Health.Interval <= 0 || b.Health.Timeout <= 0 || b.Health.Rise < 1 || b.Health.Fall < 1:
		return wrong("lb.health", "interval and timeout must be above 0, rise and fall at least 1")
	case b.Listen != "":
		if _, err := netip.ParseAddrPort(b.Listen); err != nil {
			return wrong("lb.listen", "%q is no address; use one like 127.0.0.1:8080", b.Listen)
		}
	}
	if b.URL != "" {
		return b.checkRunning()
	}
	return b.checkFront()
}

// checkInstances holds for instances that the run starts.
func (e *Experiment) checkInstances() error {
	if e.Balancer.URL != "" {
		return e.Backends.checkElsewhere()
	}
	if e.Backends.Drain < 0 {
		return wrong("backends.drain", "%v is negative; use 0 to stop at once", time.Duration(e.Backends.Drain))
	}
	if e.Backends.Count < 1 || e.Backends.Count > 200 {
		return wrong("backends.count", "%d; use 1 to 200", e.Backends.Count)
	}
	if err := e.checkZones(); err != nil {
		return err
	}
	if err := e.Backends.checkWeights(); err != nil {
		return err
	}
	if n := e.Backends.MaxConnections; n < 0 || n > mostConnections {
		return wrong("backends.max_connections", "%d; use 1 to %d, or 0 for no limit", n, mostConnections)
	}
	return e.Backends.checkCPU()
}

// checkZones refuses places that would change nothing.
func (e *Experiment) checkZones() error {
	switch {
	case e.Store.Zone != "" && len(e.Backends.Zones) == 0:
		return wrong("store.zone", "the instances have no zones; set backends.zones too, or leave it out")
	case e.Store.Zone == "" && !e.Store.CrossRTT.IsZero():
		return wrong("store.cross_rtt", "no instance lies in another zone than the store; set store.zone and backends.zones too, or use rtt")
	}
	return nil
}

func (b Backends) checkCPU() error {
	switch {
	case !slices.Contains([]string{"", "real", "virtual"}, b.CPUMode):
		return wrong("backends.cpu_mode", "%q is unknown; use real or virtual", b.CPUMode)
	case !(b.Cores >= 0) || math.IsInf(b.Cores, 1):
		return wrong("backends.cores", "%v; use a number above 0, such as 0.5", b.Cores)
	case b.Cores > 0 && !b.Virtual():
		return wrong("backends.cores", "only virtual CPU has a size; set cpu_mode: virtual (--cpu virtual), or leave it out")
	}
	return nil
}

// Virtual says whether instances queue for virtual CPU instead of burning real one.
func (b Backends) Virtual() bool { return b.CPUMode == "virtual" }

// Zone is the availability zone of the n-th instance, from 0; "" without zones.
func (b Backends) Zone(n int) string {
	if len(b.Zones) == 0 {
		return ""
	}
	return b.Zones[n%len(b.Zones)]
}

func checkURL(key, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return wrong(key, "%q cannot be driven; use an http:// or https:// URL", text)
	}
	return nil
}
