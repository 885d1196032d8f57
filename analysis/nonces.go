package analysis

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// nonces remembers the writes of the recent past in two generations; when the patience with the younger one
// is spent, the older one is forgotten. A copy of a write older than both is not found.
type nonces struct {
	young, old map[uint64]struct{}
	begun      clock.Time // of young
	patience
}

// What is kept of writes: about 10 MB at least and 80 MB at most.
const (
	leastNonces = 1 << 18
	mostNonces  = 1 << 21
)

func newNonces(grace time.Duration) nonces {
	return nonces{young: map[uint64]struct{}{}, old: map[uint64]struct{}{}, patience: patience{grace, leastNonces, mostNonces}}
}

// repeated says whether the nonce was there before, and remembers it.
func (n *nonces) repeated(nonce uint64, at clock.Time) bool {
	if _, seen := n.young[nonce]; seen {
		return true
	}
	_, seen := n.old[nonce]
	if n.spent(len(n.young), at.Sub(n.begun)) {
		clear(n.old)
		n.young, n.old, n.begun = n.old, n.young, at
	}
	n.young[nonce] = struct{}{}
	return seen
}
