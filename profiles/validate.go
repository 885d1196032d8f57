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
	case b.URL == "" && b.RoutesOn != "":
		return wrong("lb.routes_on", "only of lb.url it is not known; leave it out")
	case b.URL == "" && len(b.Backends) > 0:
		return wrong("lb.backends", "only instances behind lb.url are started elsewhere; set lb.url, or leave it out")
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

func (e *Experiment) checkLoad() error {
	l := e.Load
	switch {
	case !finite(l.Rate):
		return wrong("load.rate", "%v is no rate; use sessions per second above 0", l.Rate)
	case l.Rate < 0:
		return wrong("load.rate", "%v is negative; use sessions per second above 0", l.Rate)
	case l.Users < 0:
		return wrong("load.users", "%d is negative; use a number above 0", l.Users)
	case l.Users == 0 && l.Rate == 0 && len(l.Stages) == 0:
		return wrong("load.rate", "nobody comes; set load.rate, load.users or load.stages")
	case l.Users > 0 && (l.Rate > 0 || len(l.Stages) > 0), l.Rate > 0 && len(l.Stages) > 0:
		return wrong("load", "rate, users and stages exclude one another; keep one")
	case !slices.Contains([]string{"", "poisson", "constant"}, l.Arrivals):
		return wrong("load.arrivals", "%q is unknown; use poisson or constant", l.Arrivals)
	case l.ConnectTimeout < 0:
		return wrong("load.connect_timeout", "%v is negative; use 0 for none beside timeout", time.Duration(l.ConnectTimeout))
	case l.FirstByteTimeout < 0:
		return wrong("load.first_byte_timeout", "%v is negative; use 0 for none beside timeout", time.Duration(l.FirstByteTimeout))
	case l.IdleTimeout < 0:
		return wrong("load.idle_timeout", "%v is negative; use 0 to keep connections", time.Duration(l.IdleTimeout))
	case !slices.Contains([]string{"", "auto", "portable"}, l.Engine):
		return wrong("load.engine", "%q is unknown; use auto or portable", l.Engine)
	case l.Timeout <= 0:
		return wrong("load.timeout", "%v is no limit; use one above 0, such as 5s", time.Duration(l.Timeout))
	case l.Linger < 0:
		return wrong("load.linger", "%v is negative; use 0 to end at once", time.Duration(l.Linger))
	case l.MaxUsers < 0 || l.Shards < 0 || l.Shards > 256:
		return wrong("load.shards", "max_users and shards must not be negative, shards at most 256")
	}
	for i, s := range l.Stages {
		if s.For <= 0 || s.Rate < 0 || !finite(s.Rate) {
			return wrong(fmt.Sprintf("load.stages[%d]", i), "needs for above 0 and rate not negative")
		}
	}
	return nil
}

func (e *Experiment) checkMix() error {
	sum := 0.0
	for i, w := range e.Mix.Profiles {
		if err := w.check(fmt.Sprintf("mix.profiles[%d]", i)); err != nil {
			return err
		}
		sum += w.Share
	}
	if !(sum > 0) {
		return wrong("mix.profiles", "the shares sum to 0; give at least one profile a share above 0")
	}
	if len(e.Mix.Profiles) > 255 {
		return wrong("mix.profiles", "%d profiles; use at most 255", len(e.Mix.Profiles))
	}
	return nil
}

func (w Weighted) check(key string) error {
	p := w.Profile
	switch {
	case w.Share < 0 || !finite(w.Share):
		return wrong(key+".share", "%v is no share; use a number of 0 or more, relative to the other shares", w.Share)
	case p.Name == "":
		return wrong(key+".profile.name", "is missing; give the profile a name")
	case p.Requests.IsZero():
		return wrong(key+".profile.requests", "is missing; say how many requests a session has, e.g. uniform(2, 9)")
	case !(p.Writes >= 0 && p.Writes <= 1):
		return wrong(key+".profile.writes", "%v is no share; use 0 to 1", p.Writes)
	case !slices.Contains([]string{"", "keep", "none", "half"}, p.Jar):
		return wrong(key+".profile.jar", "%q is unknown; use keep, none or half", p.Jar)
	case !slices.Contains([]string{"", "keep-alive", "per-request"}, p.Connection):
		return wrong(key+".profile.connection", "%q is unknown; use keep-alive or per-request", p.Connection)
	case p.MovesPerHour < 0 || !finite(p.MovesPerHour):
		return wrong(key+".profile.moves_per_hour", "%v is no rate; use 0 for a fixed address", p.MovesPerHour)
	case p.Behind < 0:
		return wrong(key+".profile.behind", "%d is negative; use 0 for an address of its own", p.Behind)
	}
	return nil
}

func (e *Experiment) checkFaults() error {
	for i, f := range e.Faults {
		key := fmt.Sprintf("faults[%d]", i)
		actions, name := f.Action()
		switch {
		case actions == "":
			return wrong(key, "needs exactly one of kill, start, drain, undrain, freeze")
		case f.At < 0 || f.At >= e.Duration:
			return wrong(key+".at", "%v is outside the run of %v; choose an earlier time", time.Duration(f.At), time.Duration(e.Duration))
		case !e.hasInstance(name) && !(actions == "freeze" && name == "all"):
			return wrong(key, "no instance %q; this experiment has b1 to b%d", name, e.Backends.Count)
		case actions == "freeze" && f.For <= 0:
			return wrong(key+".for", "freeze needs a length of time, such as 1s")
		case e.Balancer.URL != "":
			return wrong(key, "faults need instances that the run starts; leave faults out with lb.url")
		}
	}
	return nil
}

// Action gives the one action of the fault and its instance; "" when there is not exactly one.
func (f Fault) Action() (action, instance string) {
	for _, a := range [...][2]string{{"kill", f.Kill}, {"start", f.Start}, {"drain", f.Drain}, {"undrain", f.Undrain}, {"freeze", f.Freeze}} {
		if a[1] == "" {
			continue
		}
		if action != "" {
			return "", ""
		}
		action, instance = a[0], a[1]
	}
	return action, instance
}

func (e *Experiment) hasInstance(name string) bool {
	for i := 1; i <= e.Backends.Count; i++ {
		if name == fmt.Sprintf("b%d", i) {
			return true
		}
	}
	return false
}
