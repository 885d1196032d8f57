// Package targets starts what is under test and breaks it: a fleet of mock instances, a session
// store, a load balancer in front of them, and the faults of an experiment.
//
//	Start ──► store ──► instances b1 … bN ──► balancer ──► URL
//	Play  ──► faults (Change) and counters (Sample) into the run directory
//	Stop  ──► every process waited for, every port free
//
// Every instance is a process of its own, so that its CPU time is its own and killing it is a
// real kill. Children notice the death of their parent by the end of their standard input; real
// balancers, which do not look at theirs, run under Guard.
package targets
