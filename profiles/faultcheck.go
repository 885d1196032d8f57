package profiles

import (
	"fmt"
	"slices"
	"time"
)

// mostFlaps bounds what one fault expands to.
const mostFlaps = 1000

func (e *Experiment) checkFaults() error {
	for i, f := range e.Faults {
		if err := e.checkFault(fmt.Sprintf("faults[%d]", i), f); err != nil {
			return err
		}
	}
	return e.checkJoins()
}

func (e *Experiment) checkFault(key string, f Fault) error {
	kind, target := f.kind()
	given := f.given()
	switch {
	case kind.name == "":
		return wrong(key, "needs exactly one of %s", faultNames())
	case e.Balancer.URL != "" && target != TheClients:
		return wrong(key, "faults need instances that the run starts; leave faults out with lb.url")
	case f.At < 0 || f.At >= e.Duration:
		return wrong(key+".at", "%v is outside the run of %v; choose an earlier time", time.Duration(f.At), time.Duration(e.Duration))
	case given&^kind.takes != 0:
		return wrong(key, "%s does not take %s; remove it", kind.name, given&^kind.takes)
	case kind.needs&^given != 0:
		return wrong(key, "%s needs %s", kind.name, kind.needs&^given)
	case f.For < 0 || f.Every < 0 || f.Delay < 0:
		return wrong(key, "for, every and delay must not be negative")
	case f.Every > f.For || f.Every > 0 && f.For/f.Every > mostFlaps:
		return wrong(key+".every", "%v does not fit into for %v 1 to %d times", time.Duration(f.Every), time.Duration(f.For), mostFlaps)
	case kind.name == "rolling" && f.For < 4:
		return wrong(key+".for", "%v is too short for a drain, a restart and a return", time.Duration(f.For))
	}
	if err := e.checkReplica(key, kind, f); err != nil {
		return err
	}
	return e.checkTarget(key, kind, target, f)
}

// checkReplica: blindness of the only replica would be an outage of the instance.
func (e *Experiment) checkReplica(key string, kind faultKind, f Fault) error {
	n := e.Balancer.Count()
	switch {
	case kind.takes&keyReplica == 0:
		return nil
	case n == 1:
		return wrong(key, "%s needs several replicas of the balancer, and there is only one; set lb.replicas (--lb-replicas) to 2 or more", kind.name)
	case f.Replica < 1 || f.Replica > n:
		return wrong(key+".replica", "%d; this experiment has replicas 1 to %d", f.Replica, n)
	}
	return nil
}

func (e *Experiment) checkTarget(key string, kind faultKind, target string, f Fault) error {
	if kind.on&balancer != 0 {
		if err := e.Balancer.checkReplicaName(key, kind.name, target); err != nil {
			return err
		}
	}
	balancing := e.Balancer.is(target)
	fits := target == EveryInstance && kind.on&every != 0 || balancing && kind.on&balancer != 0 || target == TheClients && kind.on&visitors != 0 ||
		kind.on&single != 0 && e.hasInstance(target) || kind.on&joining != 0 && InstanceNumber(target) >= 0
	switch {
	case target == TheFront && e.Balancer.Front == nil:
		return wrong(key, "%s %s: there is no balancer in front; set lb.front, or use %s", kind.name, target, TheBalancer)
	case !fits && kind.on&(single|joining) != 0 && !balancing && !slices.Contains([]string{EveryInstance, TheClients}, target):
		return wrong(key, "%s: no instance %q; this experiment has b1 to b%d, and what add names up to b%d", kind.name, target, e.Backends.Count, mostInstances)
	case !fits:
		return wrong(key, "%s %s: use %s", kind.name, target, kind.on)
	case f.With != "" && InstanceNumber(f.With) < 0:
		return wrong(key+".with", "%q is no instance's name; use one like b%d", f.With, e.Backends.Count+1)
	case f.KeepMemory && balancing:
		return wrong(key, "keep_memory is about sessions in an instance; %s keeps none", target)
	}
	return nil
}

// hasInstance says whether the instance exists from the start or is ever added.
func (e *Experiment) hasInstance(name string) bool {
	if n := InstanceNumber(name); n >= 0 && n < e.Backends.Count {
		return true
	}
	for _, f := range e.Faults {
		if InstanceNumber(name) >= 0 && (f.Add == name || f.With == name) {
			return true
		}
	}
	return false
}

// checkJoins refuses to add what is in the pool already and to remove what is not.
func (e *Experiment) checkJoins() error {
	in := map[string]bool{}
	for _, name := range e.targets(EveryInstance) {
		in[name] = true
	}
	for _, step := range e.Events() {
		key := fmt.Sprintf("faults[%d]", step.Fault)
		switch {
		case step.Action == "add" && in[step.Target]:
			return wrong(key, "%s is in the pool at %v already; add another, such as b%d", step.Target, step.At, e.Backends.Count+1)
		case step.Action == "remove" && !in[step.Target]:
			return wrong(key, "%s is not in the pool at %v; add it before", step.Target, step.At)
		case step.Action == "add" || step.Action == "remove":
			in[step.Target] = step.Action == "add"
		}
	}
	return nil
}
