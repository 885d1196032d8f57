package lb

import (
	"net"
	"net/http"
	"slices"
	"time"
)

// placement gives the index of a key's instance among those usable, or -1.
type placement func(key uint64, usable func(int) bool) int

// hashed places sessions by source address. It remembers nothing, so a draining instance loses
// its sessions: nobody can tell an old one from a new one.
type hashed struct {
	build func(names []string) placement
}

func (h *hashed) home(r *http.Request, p *pool, usable func(*member) bool, _ time.Time) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	i := p.place(hash(host), func(i int) bool { return usable(p.members[i]) && !p.members[i].draining.Load() })
	if i < 0 {
		return ""
	}
	return p.members[i].Name
}

func (*hashed) bind(http.Header, *http.Request, string, time.Time) {}

// hash is FNV-1a with a finaliser: alone it spreads similar short addresses badly.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// modulo hashes over the configured list: a failure moves only the failed instance's keys, a
// change of the list moves most.
func modulo(names []string) placement {
	return func(key uint64, usable func(int) bool) int {
		n := uint64(len(names))
		for try := uint64(0); try < 4*n; try++ {
			if i := int(mix(key+try) % n); usable(i) {
				return i
			}
		}
		return slices.IndexFunc(indexes(len(names)), usable)
	}
}

func indexes(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// consistent is a ring, or rendezvous without points.
func consistent(points int) func([]string) placement {
	if points == 0 {
		return rendezvous
	}
	return func(names []string) placement { return ring(names, points) }
}

// rendezvous takes the highest score (Thaler and Ravishankar 1998).
func rendezvous(names []string) placement {
	seeds := make([]uint64, len(names))
	for i, name := range names {
		seeds[i] = hash(name)
	}
	return func(key uint64, usable func(int) bool) int {
		best, top := -1, uint64(0)
		for i, seed := range seeds {
			if score := mix(key ^ seed); usable(i) && (best < 0 || score > top) {
				best, top = i, score
			}
		}
		return best
	}
}

// ring walks clockwise from the key to the first usable point (Karger 1997).
func ring(names []string, points int) placement {
	type point struct {
		at    uint64
		index int
	}
	var all []point
	for i, name := range names {
		for v := range points {
			all = append(all, point{mix(hash(name) + uint64(v)*0x9e3779b97f4a7c15 + 1), i})
		}
	}
	byPlace := func(a point, at uint64) int {
		if a.at < at {
			return -1
		} else if a.at > at {
			return 1
		}
		return 0
	}
	slices.SortFunc(all, func(a, b point) int { return byPlace(a, b.at) })
	return func(key uint64, usable func(int) bool) int {
		start, _ := slices.BinarySearchFunc(all, key, byPlace)
		for i := range all {
			if p := all[(start+i)%len(all)]; usable(p.index) {
				return p.index
			}
		}
		return -1
	}
}
