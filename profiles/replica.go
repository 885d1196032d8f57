package profiles

import (
	"regexp"
	"slices"
	"strconv"
)

// MostReplicas bounds the processes of one balancer.
const MostReplicas = 8

// Count is how many replicas of the balancer users' connections go round.
func (b Balancer) Count() int {
	if b.URL != "" {
		return 1 + len(b.Others)
	}
	return max(1, b.Replicas)
}

// ReplicaName is what records call the n-th replica, from 0, of so many.
func ReplicaName(n, of int) string {
	if of == 1 {
		return TheBalancer
	}
	return TheBalancer + strconv.Itoa(n+1)
}

// ReplicaNames are those of all replicas, in order.
func (b Balancer) ReplicaNames() (names []string) {
	for n := range b.Count() {
		names = append(names, ReplicaName(n, b.Count()))
	}
	return names
}

// is says whether the name is the balancer's, one of its replicas' or the front's.
func (b Balancer) is(name string) bool {
	return name == TheBalancer || name == TheFront && b.Front != nil || slices.Contains(b.ReplicaNames(), name)
}

var replicaName = regexp.MustCompile("^" + TheBalancer + "[0-9]+$")

// checkReplicaName refuses what looks like a replica and is none.
func (b Balancer) checkReplicaName(key, action, target string) error {
	names := b.ReplicaNames()
	switch {
	case !replicaName.MatchString(target) || slices.Contains(names, target):
		return nil
	case len(names) == 1:
		return wrong(key, "%s: no replica %q: there is only one balancer; use %s, or set lb.replicas (--lb-replicas) to 2 or more", action, target, TheBalancer)
	}
	return wrong(key, "%s: no replica %q; this experiment has %s to %s, and %s for all of them", action, target, names[0], names[len(names)-1], TheBalancer)
}
