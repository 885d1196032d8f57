package profiles

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// checkNames: the field must be one of ours, not one that HTTP or the ledger means something by.
func (l *Load) checkNames() error {
	name := l.UserHeader
	if name == "" {
		return nil
	}
	if !httpguts.ValidHeaderFieldName(name) {
		return wrong("load.user_header", "%q is no name of a request field; use one like %s", name, UserHeader)
	}
	taken := []string{"host", "cookie", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "x-forwarded-for", "traceparent", "user-agent"}
	if lower := strings.ToLower(name); slices.Contains(taken, lower) || strings.HasPrefix(lower, "stickybench-") || strings.HasPrefix(lower, "sec-websocket-") {
		return wrong("load.user_header", "%s has a meaning already; use one like %s", name, UserHeader)
	}
	return nil
}

func (e *Experiment) checkLoad() error {
	for _, check := range []func() error{e.Load.checkArrivals, e.Load.checkShape, e.Load.checkLimits, e.Load.checkNames, e.Load.ClientAddress.check, e.checkProtocol} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkArrivals: exactly one way to come.
func (l *Load) checkArrivals() error {
	var ways []string
	for _, way := range []struct {
		name string
		set  bool
	}{{"rate", l.Rate != 0}, {"users", l.Users != 0}, {"stages", len(l.Stages) > 0}, {"spike", l.Spike != nil}, {"sine", l.Sine != nil}, {"trace", l.Trace != ""}} {
		if way.set {
			ways = append(ways, way.name)
		}
	}
	switch {
	case !finite(l.Rate):
		return wrong("load.rate", "%v is no rate; use sessions per second above 0", l.Rate)
	case l.Rate < 0:
		return wrong("load.rate", "%v is negative; use sessions per second above 0", l.Rate)
	case l.Users < 0:
		return wrong("load.users", "%d is negative; use a number above 0", l.Users)
	case len(ways) == 0:
		return wrong("load.rate", "nobody comes; set load.rate, users, stages, spike, sine or trace")
	case len(ways) > 1:
		return wrong("load."+ways[1], "%s exclude one another; keep one", strings.Join(ways, " and "))
	case !slices.Contains([]string{"", "poisson", "constant"}, l.Arrivals):
		return wrong("load.arrivals", "%q is unknown; use poisson or constant", l.Arrivals)
	}
	return nil
}

func (l *Load) checkShape() error {
	for i, s := range l.Stages {
		if s.For <= 0 || s.Rate < 0 || !finite(s.Rate) {
			return wrong(fmt.Sprintf("load.stages[%d]", i), "needs for above 0 and rate not negative")
		}
	}
	if s := l.Spike; s != nil && (!(s.Base >= 0 && finite(s.Base)) || !(s.Peak > 0 && finite(s.Peak)) || s.At < 0 || s.Rise < 0 || s.Hold <= 0 || s.Fall < 0) {
		return wrong("load.spike", "needs base not negative, peak and hold above 0, at, rise and fall not negative")
	}
	if s := l.Sine; s != nil && (!(s.Mean > 0 && finite(s.Mean)) || !(s.Amplitude >= 0 && s.Amplitude <= s.Mean) || s.Period <= 0) {
		return wrong("load.sine", "needs mean and period above 0, and amplitude from 0 to mean")
	}
	return nil
}

func (l *Load) checkLimits() error {
	switch {
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
	if via := e.Load.ClientAddress.Via; ProxyVersion(via) > 0 && e.Mix.shares() {
		return wrong("load.client_address.via", "%s names one user a connection, and a profile has connection: shared; use x-forwarded-for", via)
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
	case !(p.Heads >= 0 && p.Heads <= 1):
		return wrong(key+".profile.heads", "%v is no share; use 0 to 1", p.Heads)
	case !slices.Contains([]string{"", "keep-alive", "per-request", "shared"}, p.Connection):
		return wrong(key+".profile.connection", "%q is unknown; use keep-alive, per-request or shared", p.Connection)
	case p.Pool < 0 || p.Pool > 0 && p.Connection != "shared":
		return wrong(key+".profile.pool", "%d; use a number above 0, with connection: shared", p.Pool)
	case p.MovesPerHour < 0 || !finite(p.MovesPerHour):
		return wrong(key+".profile.moves_per_hour", "%v is no rate; use 0 for a fixed address", p.MovesPerHour)
	case p.Behind < 0:
		return wrong(key+".profile.behind", "%d is negative; use 0 for an address of its own", p.Behind)
	}
	return nil
}

// checkProtocol refuses what cannot be spoken, and settings that would do nothing.
func (e *Experiment) checkProtocol() error {
	t, protocol, secure := e.Load.TLS, e.Load.Protocol, strings.HasPrefix(e.Balancer.URL, "https://")
	known := []string{HTTP1, HTTP2, HTTP3, WebSocket, Events}
	switch {
	case protocol != "" && !slices.Contains(known, protocol):
		return wrong("load.protocol", "%q is unknown; use one of %s", protocol, strings.Join(known, ", "))
	case protocol == WebSocket && e.Mix.shares():
		return wrong("load.protocol", "websocket gives each user a connection, and a profile has connection: shared; use keep-alive")
	case (protocol == WebSocket || protocol == Events) && e.Mix.heads():
		return wrong("load.protocol", "%s knows no HEAD, and a profile has heads; leave heads out", protocol)
	case protocol == HTTP3 && ProxyVersion(e.Load.ClientAddress.Via) > 0:
		return wrong("load.client_address.via", "%s goes before TCP, and h3 is over UDP; use source or x-forwarded-for", e.Load.ClientAddress.Via)
	case protocol == HTTP3 && !secure:
		return wrong("load.protocol", "h3 needs an https:// lb.url; balancers that the run starts are spoken to without TLS")
	case (t.CA != "" || t.Insecure || t.ServerName != "") && !secure:
		return wrong("load.tls", "ca, insecure and server_name need an https:// lb.url; leave them out")
	}
	return nil
}

// shares says whether users of the mix share connections.
func (m Mix) shares() bool {
	return slices.ContainsFunc(m.Profiles, func(w Weighted) bool { return w.Profile.Connection == "shared" })
}

// heads says whether users of the mix send HEAD.
func (m Mix) heads() bool {
	return slices.ContainsFunc(m.Profiles, func(w Weighted) bool { return w.Profile.Heads > 0 })
}
