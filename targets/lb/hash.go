package lb

import (
	"math"
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
	build func([]Instance) placement
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

// modulo hashes over the configured list, each instance as often in it as it weighs: a failure moves only the
// failed instance's keys, a change of the list moves most.
func modulo(instances []Instance) placement {
	var slots []int
	for i, in := range instances {
		slots = append(slots, slices.Repeat([]int{i}, in.weight())...)
	}
	return func(key uint64, usable func(int) bool) int {
		n := uint64(len(slots))
		for try := uint64(0); try < 4*n; try++ {
			if i := slots[mix(key+try)%n]; usable(i) {
				return i
			}
		}
		if i := slices.IndexFunc(slots, usable); i >= 0 {
			return slots[i]
		}
		return -1
	}
}

// consistent is a ring, or rendezvous without points.
func consistent(points int) func([]Instance) placement {
	if points == 0 {
		return rendezvous
	}
	return func(instances []Instance) placement { return ring(instances, points) }
}

// rendezvous takes the highest score (Thaler and Ravishankar 1998). The score −w/ln(u) of a uniform u gives each
// instance its weight's share of the keys, and when a weight changes only keys to or from that instance move
// (Resch, "New hashing algorithms for data storage", SNIA 2015).
func rendezvous(instances []Instance) placement {
	seeds := make([]uint64, len(instances))
	for i, in := range instances {
		seeds[i] = hash(in.Name)
	}
	return func(key uint64, usable func(int) bool) int {
		best, top := -1, 0.0
		for i, seed := range seeds {
			if !usable(i) {
				continue
			}
			if score := -float64(instances[i].weight()) / math.Log(unit(mix(key^seed))); best < 0 || score > top {
				best, top = i, score
			}
		}
		return best
	}
}

// unit maps x evenly to the open interval from 0 to 1.
func unit(x uint64) float64 { return (float64(x>>12) + 0.5) / (1 << 52) }

// ring walks clockwise from the key to the first usable point (Karger 1997); points are for each unit of weight.
func ring(instances []Instance, points int) placement {
	type point struct {
		at    uint64
		index int
	}
	var all []point
	for i, in := range instances {
		for v := range points * in.weight() {
			all = append(all, point{mix(hash(in.Name) + uint64(v)*0x9e3779b97f4a7c15 + 1), i})
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
