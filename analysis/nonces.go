package analysis

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// nonces remembers the writes of the recent past in two generations: each takes all that come in its
// time, at least so many and for at least so long. A copy of a write older than both is not found.
type nonces struct {
	young, old map[uint64]struct{}
	begun      clock.Time // of young
	patience
}

// leastNonces keeps short runs exact, in about 10 MB.
const leastNonces = 1 << 18

func newNonces(grace time.Duration) nonces {
	return nonces{young: map[uint64]struct{}{}, old: map[uint64]struct{}{}, patience: patience{grace, leastNonces}}
}

// repeated says whether the nonce was there before, and remembers it.
func (n *nonces) repeated(nonce uint64, at clock.Time) bool {
	if _, seen := n.young[nonce]; seen {
		return true
	}
	_, seen := n.old[nonce]
	if len(n.young) >= n.room && at.Sub(n.begun) > n.grace {
		clear(n.old)
		n.young, n.old, n.begun = n.old, n.young, at
	}
	n.young[nonce] = struct{}{}
	return seen
}
