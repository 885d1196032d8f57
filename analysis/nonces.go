package analysis

import (
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// nonces remembers the writes of the recent past in two generations; when the patience with the younger one
// is spent, the older one is forgotten. A copy of a write older than both is not found.
type nonces struct {
	young, old nonceSet
	begun      clock.Time // of young
	patience
}

// What is kept of writes: 4 to 8 MB at least and 64 MB at most.
const (
	leastNonces = 1 << 18
	mostNonces  = 1 << 21
)

func newNonces(grace time.Duration) nonces {
	return nonces{young: newNonceSet(), old: newNonceSet(), patience: patience{grace, leastNonces, mostNonces}}
}

// repeated says whether the nonce was there before, and remembers it.
func (n *nonces) repeated(nonce uint64, at clock.Time) bool {
	if n.young.has(nonce) {
		return true
	}
	seen := n.old.has(nonce)
	if n.spent(n.young.count, at.Sub(n.begun)) {
		n.old.clear()
		n.young, n.old, n.begun = n.old, n.young, at
	}
	n.young.add(nonce)
	return seen
}

// approach touches the places of a nonce and gives what is there, which means nothing.
func (n *nonces) approach(nonce uint64) uint64 { return *n.young.place(nonce) + *n.old.place(nonce) }

// nonceSet is a table of open addressing, at most three quarters full: a look-up waits for memory once.
type nonceSet struct {
	slots []uint64 // a power of two of them; 0 = free
	shift uint     // leaves as many high bits as number them
	count int
	zero  bool // whether 0 is in the set
}

func newNonceSet() nonceSet { return nonceSet{slots: make([]uint64, 64), shift: 64 - 6} }

// place is where the nonce is, or the free slot where it belongs.
func (s *nonceSet) place(nonce uint64) *uint64 {
	last := uint64(len(s.slots) - 1)
	for i := nonce * 0x9e3779b97f4a7c15 >> (s.shift & 63); ; i = (i + 1) & last { // Fibonacci hashing
		if at := &s.slots[i]; *at == nonce || *at == 0 {
			return at
		}
	}
}

func (s *nonceSet) has(nonce uint64) bool {
	if nonce == 0 {
		return s.zero
	}
	return *s.place(nonce) == nonce
}

// add takes a nonce that is not in the set.
func (s *nonceSet) add(nonce uint64) {
	s.count++
	if nonce == 0 {
		s.zero = true
		return
	}
	if 4*s.count > 3*len(s.slots) {
		s.grow()
	}
	*s.place(nonce) = nonce
}

func (s *nonceSet) grow() {
	before := s.slots
	s.slots, s.shift = make([]uint64, 2*len(before)), s.shift-1
	for _, nonce := range before {
		if nonce != 0 {
			*s.place(nonce) = nonce
		}
	}
}

func (s *nonceSet) clear() {
	clear(s.slots)
	s.count, s.zero = 0, false
}
