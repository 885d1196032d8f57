package targets

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
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
	for n, tier := range tiers(e) {
		err := checkTier(tier)
		if n > 0 {
			err = ofFront(err)
		}
		if err != nil {
			return err
		}
	}
	return checkFaults(e)
}

// ofFront is err where the use that it complains of is that of the front.
func ofFront(err error) error {
	if use := balancers.UseError(""); errors.As(err, &use) {
		return errors.New("lb.front.use: " + string(use))
	}
	return err
}

// checkTier refuses what the balancer of one tier cannot do.
func checkTier(e *profiles.Experiment) error {
	name, mechanism, _ := strings.Cut(e.Balancer.Use, ":")
	if name == builtin {
		return checkBuiltin(e, mechanism)
	}
	row, m, err := balancers.Lookup(e.Balancer.Use)
	if err == nil {
		err = row.Refuse(m, paramsOf(e, row))
	}
	if err == nil {
		err = checkCookie(e, m.Mechanism)
	}
	if err == nil && e.Load.Protocol == profiles.HTTP2 && !row.HTTP2 {
		err = fmt.Errorf("load.protocol: %s as it is set up here takes no HTTP/2 without TLS; use builtin or haproxy, or an https:// lb.url", row.Name)
	}
	if own := e.Load.UserHeader; err == nil && m.Key == "header" && own != "" && own != profiles.UserHeader {
		err = fmt.Errorf("load.user_header: %s routes on %s and would not see %s; leave it out", e.Balancer.Use, profiles.UserHeader, own)
	}
	return err
}

// checkCookie refuses a name for a cookie that is the application's, or that nobody makes.
func checkCookie(e *profiles.Experiment, m results.Mechanism) error {
	if cookieOf(e) == "" || m.Cookie != "" {
		return nil
	}
	return fmt.Errorf("lb.front.cookie: %s makes no cookie of its own that could have another name; leave it out, or use builtin:cookie or haproxy:cookie", e.Balancer.Use)
}

// UserHeader is the request field that a mechanism of the experiment routes on; "" when none does, or it is not known here.
func UserHeader(e *profiles.Experiment) string {
	if e.Balancer.URL != "" {
		return ""
	}
	for _, tier := range tiers(e) {
		if _, m, err := balancers.Lookup(tier.Balancer.Use); err == nil && m.Key == "header" {
			return profiles.UserHeader
		}
	}
	return ""
}

func checkURL(e *profiles.Experiment) error {
	if slices.ContainsFunc(e.Events(), func(s profiles.Event) bool { return s.Target != profiles.TheClients }) {
		return fmt.Errorf("faults[0]: nothing can be done to instances behind lb.url %s; remove the faults or set lb.use", e.Balancer.URL)
	}
	return nil
}

func checkBuiltin(e *profiles.Experiment, mechanism string) error {
	var known []string
	for _, m := range lb.Mechanisms() {
		if m.Name == builtinMechanism(mechanism) {
			return checkCookie(e, m)
		}
		known = append(known, builtin+":"+m.Name)
	}
	return balancers.NoMechanism(builtin, mechanism, known)
}

// checkFaults refuses what the balancer cannot do at run time. Its drains within a rolling deploy
// are left out instead, with a warning.
func checkFaults(e *profiles.Experiment) error {
	for n, f := range e.Faults {
		action, target := f.Action()
		whom, use := profiles.TheBalancer, e.Balancer.Use
		if target == profiles.TheFront {
			whom, use = target, before(e).Balancer.Use
		}
		row, _, err := balancers.Lookup(use)
		if err != nil {
			continue // the reference balancer can do everything
		}
		switch action {
		case "drain", "undrain":
			if !row.CanDrain() {
				return fmt.Errorf("faults[%d]: %s %s: %s cannot drain an instance at run time; use haproxy:cookie or builtin:cookie", n, action, target, row.Name)
			}
		case "add", "remove", "replace", "reload", "blind":
			if !row.CanReload() {
				return fmt.Errorf("faults[%d]: %s %s: %s cannot be reloaded here; use nginx:ip-hash or builtin:cookie, or restart %s", n, action, target, row.Name, whom)
			}
		}
	}
	return nil
}
