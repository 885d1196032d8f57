package lb

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stickybench/stickybench/profiles"
)

// Options configures the balancer. Durations are effective, after any speed-up.
type Options struct {
	Listen    string        `json:"listen"`
	Control   string        `json:"control"`
	Instances []Instance    `json:"instances"`
	Mechanism string        `json:"mechanism"`
	TTL       time.Duration `json:"ttl"`      // 0 = for ever
	Absolute  bool          `json:"absolute"` // TTL counts from binding
	Points    int           `json:"points"`   // ring points per instance; 0 = rendezvous
	Choice    string        `json:"choice"`   // "random" (default), "round-robin", "least"
	Health    Health        `json:"health"`
	Seed      uint64        `json:"seed"`
	// MaxConnections is how many requests an instance has at a time; those of sessions bound to it wait. 0 = no limit.
	MaxConnections int    `json:"max_connections,omitempty"`
	Cookie         string `json:"cookie,omitempty"` // name of the marker; empty = SBROUTE
	Replica        int    `json:"replica"`          // number among replicas with the same seed: they sign alike and choose each for itself

	AccessLog     string `json:"access_log,omitempty"` // file that an account of every request is appended to; empty = none
	ClientAddress string `json:"client_address"`       // where it stands: one of profiles.Vias; empty = the connection's
}

// Instance is one member of the pool. Of new sessions and of keys it gets as many as it weighs; 0 counts as 1.
type Instance struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Weight int    `json:"weight"`
}

func (i Instance) weight() int { return cmp.Or(i.Weight, 1) }

// Health is the active check of /healthz; Interval 0 turns it off.
type Health struct {
	Interval time.Duration `json:"interval"`
	Timeout  time.Duration `json:"timeout"`
	Rise     int           `json:"rise"`
	Fall     int           `json:"fall"`
}

func (o Options) validate() error {
	known := func(name string) bool {
		return slices.ContainsFunc(rows(), func(r row) bool { return r.Name == name })
	}
	if !known(o.Mechanism) {
		return fmt.Errorf("mechanism: %q is unknown; use cookie, table, ip-hash, consistent-hash or round-robin", o.Mechanism)
	}
	if !slices.Contains([]string{"", "random", "round-robin", "least"}, o.Choice) {
		return fmt.Errorf("choice: %q is unknown; use random, round-robin or least", o.Choice)
	}
	if o.ClientAddress != "" && !slices.Contains(profiles.Vias(), o.ClientAddress) {
		return fmt.Errorf("client_address: %q is unknown; use one of %s", o.ClientAddress, strings.Join(profiles.Vias(), ", "))
	}
	if o.Cookie != "" && ((&http.Cookie{Name: o.Cookie}).Valid() != nil || o.Cookie == applicationCookie) {
		return fmt.Errorf("cookie: %q cannot name the marker; use letters, digits, - and _, and not %s", o.Cookie, applicationCookie)
	}
	if o.MaxConnections < 0 {
		return fmt.Errorf("max_connections: %d is negative; use 0 for no limit", o.MaxConnections)
	}
	if o.TTL < 0 || o.Points < 0 {
		return fmt.Errorf("ttl %v, points %d: neither may be negative; use 0 to turn it off", o.TTL, o.Points)
	}
	return validPool(o.Instances)
}

func validPool(pool []Instance) error {
	seen := map[string]bool{}
	for i, in := range pool {
		u, err := url.Parse(in.URL)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("instances[%d]: url %q is not http://HOST:PORT; correct it", i, in.URL)
		}
		if in.Name == "" || seen[in.Name] {
			return fmt.Errorf("instances[%d]: name %q is empty or taken; give each instance its own", i, in.Name)
		}
		if in.Weight < 0 || in.Weight > profiles.MostWeight {
			return fmt.Errorf("instances[%d]: weight %d; use 1 to %d", i, in.Weight, profiles.MostWeight)
		}
		seen[in.Name] = true
	}
	return nil
}
