package profiles

import (
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"
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
	for _, check := range []func() error{e.checkTimes, e.checkBalancer, e.checkLoad, e.checkMix, e.checkFaults} {
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
	case !knownStore(e.Store.Use):
		return wrong("store.use", "%q is unknown; use memory, embedded, or a URL: redis://…, memcached://… or postgres://…", e.Store.Use)
	case e.Store.TTL < 0:
		return wrong("store.ttl", "%v is negative; use 0 for ever", time.Duration(e.Store.TTL))
	}
	return nil
}

// knownStore accepts the names of our own stores and the URL of a running one.
func knownStore(use string) bool {
	scheme, _, isURL := strings.Cut(use, "://")
	if isURL {
		return slices.Contains([]string{"redis", "rediss", "memcached", "postgres", "postgresql"}, scheme)
	}
	return use == "memory" || use == "embedded"
}

func (e *Experiment) checkBalancer() error {
	b := e.Balancer
	switch {
	case b.URL == "" && b.Use == "":
		return wrong("lb.use", "names no balancer; use builtin:cookie, haproxy:cookie, … (see `stickybench balancers list`)")
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
		return checkURL(b.URL)
	}
	if e.Backends.Drain < 0 {
		return wrong("backends.drain", "%v is negative; use 0 to stop at once", time.Duration(e.Backends.Drain))
	}
	if e.Backends.Count < 1 || e.Backends.Count > 200 {
		return wrong("backends.count", "%d; use 1 to 200", e.Backends.Count)
	}
	return nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return wrong("lb.url", "%q cannot be driven; use an http:// URL", text)
	}
	return nil
}
