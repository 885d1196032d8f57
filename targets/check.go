package targets

import (
	"fmt"
	"strings"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/targets/balancers"
	"github.com/stickybench/stickybench/targets/lb"
)

// builtin is the name of the reference balancer.
const builtin = "builtin"

// Check says whether the experiment asks for something that no balancer of ours can do; its
// errors are the user's to mend. Start checks too.
func Check(e *profiles.Experiment) error {
	if e.Balancer.URL != "" {
		return checkURL(e)
	}
	name, mechanism, _ := strings.Cut(e.Balancer.Use, ":")
	if name == builtin {
		return checkFaults(e, "", checkBuiltin(mechanism))
	}
	row, m, err := balancers.Lookup(e.Balancer.Use)
	if err == nil {
		err = row.Refuse(m, balancers.Params{TTL: e.Scale(e.Balancer.TTL), Absolute: e.Balancer.Absolute})
	}
	if err == nil && e.Load.Protocol == profiles.HTTP2 && !row.HTTP2 {
		err = fmt.Errorf("load.protocol: %s as it is set up here takes no HTTP/2 without TLS; use builtin or haproxy, or an https:// lb.url", row.Name)
	}
	if row.CanDrain() {
		return checkFaults(e, "", err)
	}
	return checkFaults(e, row.Name, err)
}

func checkURL(e *profiles.Experiment) error {
	if len(e.Faults) > 0 {
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

// checkFaults refuses instances that do not exist and drains that undrainable (if named) cannot do.
func checkFaults(e *profiles.Experiment, undrainable string, err error) error {
	if err != nil {
		return err
	}
	for n, f := range e.Faults {
		action, name := act(f)
		if !exists(name, e.Backends.Count) {
			return fmt.Errorf("faults[%d]: %s: no instance %q; they are b1 to b%d", n, action, name, e.Backends.Count)
		}
		if undrainable != "" && (action == drain || action == undrain) {
			return fmt.Errorf("faults[%d]: %s %s: %s cannot drain an instance at run time; use haproxy:cookie or builtin:cookie", n, action, name, undrainable)
		}
	}
	return nil
}

func exists(name string, count int) bool {
	if name == everyInstance {
		return true
	}
	for n := range count {
		if name == instanceName(n) {
			return true
		}
	}
	return false
}

// instanceName is the name of the n-th instance, from 0.
func instanceName(n int) string { return fmt.Sprintf("b%d", n+1) }
