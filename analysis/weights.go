package analysis

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/stickybench/stickybench/analysis/stats"
)

// weights counts affinity keys by the requests that they carry: sessions, or source addresses where the
// mechanism routes on them. There are few different numbers of requests a session, but there may be
// millions of addresses: beyond the most, a uniform sample of them stands for all (Gibbons, distinct
// sampling, VLDB 2001).
type weights struct {
	sessions  map[uint32]int64
	addresses map[netip.Addr]int64 // requests; nil unless the mechanism routes on the address
	level     uint                 // one address in 2^level is kept
	most      int
}

const mostAddresses = 1 << 20

func newWeights(byAddress bool) weights {
	if byAddress {
		return weights{addresses: map[netip.Addr]int64{}, most: mostAddresses}
	}
	return weights{sessions: map[uint32]int64{}}
}

func (w *weights) add(s *session) {
	if w.addresses == nil {
		w.sessions[s.requests]++
		return
	}
	if !w.sampled(s.source) {
		return
	}
	w.addresses[s.source] += int64(s.requests)
	for len(w.addresses) > w.most {
		w.level++
		for a := range w.addresses {
			if !w.sampled(a) {
				delete(w.addresses, a)
			}
		}
	}
}

// sampled is a fixed choice, so that equal runs give equal reports.
func (w *weights) sampled(a netip.Addr) bool {
	if w.level == 0 {
		return true
	}
	bytes := a.As16()
	h := uint64(14695981039346656037) // FNV-1a; its high bits need the final mixing
	for _, b := range bytes {
		h = (h ^ uint64(b)) * 1099511628211
	}
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	return h>>(64-w.level) == 0
}

// classes are the keys by weight, lightest first.
func (w *weights) classes() (classes []stats.Class) {
	counts := map[int64]int64{}
	for requests, n := range w.sessions {
		counts[int64(requests)] += n
	}
	for _, requests := range w.addresses {
		counts[requests] += 1 << w.level
	}
	for weight, n := range counts {
		classes = append(classes, stats.Class{Weight: float64(weight), N: n})
	}
	slices.SortFunc(classes, func(a, b stats.Class) int { return cmp.Compare(a.Weight, b.Weight) })
	return classes
}
