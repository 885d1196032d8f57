package probe

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
)

// Options say what to probe.
type Options struct {
	URL       string
	Identify  profiles.Identify // how an answer names its instance, besides our own header
	Headers   []string          // request headers that routing may depend on
	Addresses map[string]string // HOST:PORT of instances by name, as the balancer knows them, to forge markers from; those left out are not tried
	Clients   int               // clients with addresses of their own; 0 = 40
	Idle      time.Duration     // pause of a client before it comes again; 0 = none
	Timeout   time.Duration     // per request; 0 = 10 s
	Insecure  bool              // take any certificate
	Seed      uint64
}

const (
	defaultClients = 40
	defaultTimeout = 10 * time.Second
)

// source gives the n-th address, or none when the target is not on loopback.
type source func(n int) netip.Addr

// sources spread over all four octets: some balancers hash only the first three.
func sources(target *url.URL, seed uint64) (source, bool) {
	address, err := netip.ParseAddr(target.Hostname())
	if target.Hostname() != "localhost" && (err != nil || !address.Is4() || !address.IsLoopback()) {
		return func(int) netip.Addr { return netip.Addr{} }, false
	}
	exp := profiles.Default()
	exp.Seed = seed
	exp.Mix = profiles.Mix{Name: "probe", Profiles: []profiles.Weighted{{Share: 1, Profile: profiles.Profile{Name: "probe"}}}}
	plan := profiles.NewPlan(exp)
	return func(n int) netip.Addr { return plan.Source(plan.Address(uint32(n), 0)) }, true
}

// naming finds the instance's name in an answer.
type naming struct {
	rule profiles.Identify
	body *regexp.Regexp
}

func newNaming(rule profiles.Identify) (n naming, err error) {
	n.rule = rule
	if rule.Body != "" {
		if n.body, err = regexp.Compile(rule.Body); err != nil {
			return n, fmt.Errorf("--instance-body-regexp: %w", err)
		}
	}
	return n, nil
}

func (n naming) name(answer *http.Response, body []byte) string {
	if name := answer.Header.Get(n.rule.Header); n.rule.Header != "" && name != "" {
		return name
	}
	for _, c := range answer.Cookies() {
		if n.rule.Cookie != "" && c.Name == n.rule.Cookie {
			return c.Value
		}
	}
	if n.body != nil {
		if m := n.body.FindSubmatch(body); m != nil {
			return string(m[min(1, len(m)-1)])
		}
	}
	return answer.Header.Get(wire.HeaderInstance)
}
