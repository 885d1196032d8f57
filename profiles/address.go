package profiles

import (
	"math"
	"net/netip"
)

// Source is the user's address after so many moves: 127.a.b.c, mixed in all four octets because
// some balancers hash only the first three. Users of one group behind a NAT share theirs. Users
// with an address of their own never share their first one: up to 8,258,048 users. Groups and moved
// users live in the other half of the network.
func (p *Plan) Source(user, moves uint32) netip.Addr {
	index := p.Profile(user)
	if behind := p.profile(index).Behind; behind > 0 {
		return address(half + p.hash(1<<40|uint64(index)<<32|p.group(user, index, behind), moves)%half)
	}
	if moves > 0 {
		return address(half + p.hash(uint64(user), moves)%half)
	}
	return address(p.permute(user % half))
}

func (p *Plan) hash(key uint64, moves uint32) uint32 {
	return uint32(NewRand(p.exp.Seed, streamAddress, key, uint64(moves)).Uint64() >> 32)
}

// group numbers the NAT so that about behind users of this profile are in each.
func (p *Plan) group(user uint32, index uint8, behind int) uint64 {
	span := float64(behind) / p.exp.Mix.Profiles[index].Share
	return uint64(math.Floor(float64(user) / span))
}

// Hosts of 127.1–254.0–255.1–254, as two halves.
const (
	hosts = 254 * 256 * 254
	half  = hosts / 2
)

func address(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 1 + byte(n/254%254), byte(n / 254 / 254), 1 + byte(n%254)})
}

// permute is a bijection on [0, half): a Feistel network on 24 bits, walked until it lands inside
// (Black and Rogaway, Ciphers with Arbitrary Finite Domains, CT-RSA 2002).
func (p *Plan) permute(n uint32) uint32 {
	for {
		left, right := n>>12, n&0xfff
		for round := range uint64(4) {
			left, right = right, left^p.hash(1<<41|round<<12|uint64(right), 0)&0xfff
		}
		if n = left<<12 | right; n < half {
			return n
		}
	}
}
