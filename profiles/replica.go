package profiles

import "strconv"

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
