package targets

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/targets/balancers"
	"github.com/stickybench/stickybench/targets/lb"
)

// builtin is the name of the reference balancer.
const builtin = "builtin"

// Knows says whether use begins with the name of a balancer, whatever mechanism it then asks for.
func Knows(use string) bool {
	name, _, _ := strings.Cut(use, ":")
	return name == builtin || slices.ContainsFunc(balancers.List(), func(r balancers.Row) bool { return r.Name == name })
}

// Check says whether the experiment asks for something that no balancer of ours can do; its
// errors are the user's to mend. Start checks too.
func Check(e *profiles.Experiment) error {
	if e.Store.Use == "memory" && e.Store.Far() {
		return errors.New("store: memory lies in the instance and has no distance; leave rtt, cross_rtt and zone out, or use an external store")
	}
	if e.Balancer.URL != "" {
		return checkURL(e)
	}
	name, mechanism, _ := strings.Cut(e.Balancer.Use, ":")
	if name == builtin {
		return checkBuiltin(mechanism)
	}
	row, m, err := balancers.Lookup(e.Balancer.Use)
	if err == nil {
		err = row.Refuse(m, paramsOf(e, row))
	}
	if err == nil && e.Load.Protocol == profiles.HTTP2 && !row.HTTP2 {
		err = fmt.Errorf("load.protocol: %s as it is set up here takes no HTTP/2 without TLS; use builtin or haproxy, or an https:// lb.url", row.Name)
	}
	if own := e.Load.UserHeader; err == nil && m.Key == "header" && own != "" && own != profiles.UserHeader {
		err = fmt.Errorf("load.user_header: %s routes on %s and would not see %s; leave it out", e.Balancer.Use, profiles.UserHeader, own)
	}
	if err != nil {
		return err
	}
	return checkFaults(e, row)
}

// UserHeader is the request field that the experiment's mechanism routes on; "" when on none, or on one that is not known here.
func UserHeader(e *profiles.Experiment) string {
	if e.Balancer.URL != "" {
		return ""
	}
	if _, m, err := balancers.Lookup(e.Balancer.Use); err == nil && m.Key == "header" {
		return profiles.UserHeader
	}
	return ""
}

func checkURL(e *profiles.Experiment) error {
	if slices.ContainsFunc(e.Events(), func(s profiles.Event) bool { return s.Target != profiles.TheClients }) {
		return fmt.Errorf("faults[0]: nothing can be done to instances behind lb.url %s; remove the faults or set lb.use", e.Balancer.URL)
	}
	return nil
}

func checkBuiltin(mechanism string) error {
	if mechanism == "" {
		return nil
	}
	var known []string
	for _, m := range lb.Mechanisms() {
		if m.Name == mechanism {
			return nil
		}
		known = append(known, builtin+":"+m.Name)
	}
	return fmt.Errorf("lb.use: %s has no mechanism %q; use one of %s", builtin, mechanism, strings.Join(known, ", "))
}

// checkFaults refuses what the balancer cannot do at run time. Its drains within a rolling deploy
// are left out instead, with a warning.
func checkFaults(e *profiles.Experiment, row balancers.Row) error {
	for n, f := range e.Faults {
		switch action, target := f.Action(); action {
		case "drain", "undrain":
			if !row.CanDrain() {
				return fmt.Errorf("faults[%d]: %s %s: %s cannot drain an instance at run time; use haproxy:cookie or builtin:cookie", n, action, target, row.Name)
			}
		case "add", "remove", "replace", "reload", "blind":
			if !row.CanReload() {
				return fmt.Errorf("faults[%d]: %s %s: %s cannot be reloaded here; use nginx:ip-hash or builtin:cookie, or restart %s", n, action, target, row.Name, profiles.TheBalancer)
			}
		}
	}
	return nil
}
