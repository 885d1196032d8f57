package profiles

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// Address numbers the user's address after so many moves, to be turned into one by Source. Users of
// one group behind a NAT share theirs. Users with an address of their own never share their first
// one: up to 8,258,048 users. Groups and moved users live in the other half of the numbers.
func (p *Plan) Address(user, moves uint32) uint32 {
	index := p.Profile(user)
	if behind := p.profile(index).Behind; behind > 0 {
		return half + p.hash(1<<40|uint64(index)<<32|p.group(user, index, behind), moves)%half
	}
	if moves > 0 {
		return half + p.hash(uint64(user), moves)%half
	}
	return p.permute(user % half)
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

// Source is the address of that number: in 127.0.0.0/8 mixed in all four octets, because some balancers
// hash only the first three; elsewhere spread over the whole network.
func (p *Plan) Source(number uint32) netip.Addr {
	switch {
	case !p.network.IsValid():
		return loopback(number)
	case p.network.Addr().Is4():
		return inNetwork4(p.network, number)
	}
	return inNetwork6(p.network, number)
}

func loopback(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{127, 1 + byte(n/254%254), byte(n / 254 / 254), 1 + byte(n%254)})
}

// inNetwork4 leaves out the first and the last address, which a network keeps for itself.
func inNetwork4(network netip.Prefix, n uint32) netip.Addr {
	free := uint64(1) << (32 - network.Bits())
	if free > 2 {
		n = 1 + uint32(uint64(n)%(free-2))
	} else {
		n %= uint32(free)
	}
	base := network.Addr().As4()
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(base[:])+n)
	return netip.AddrFrom4(b)
}

// inNetwork6 fills the bits behind the prefix.
func inNetwork6(network netip.Prefix, n uint32) netip.Addr {
	base := network.Addr().As16()
	random := seeded(uint64(n))
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], random.Uint64())
	binary.BigEndian.PutUint64(b[8:], random.Uint64())
	for i := range b {
		mask := byte(0xff)
		if kept := network.Bits() - 8*i; kept >= 8 {
			mask = 0
		} else if kept > 0 {
			mask >>= kept
		}
		b[i] = base[i]&^mask | b[i]&mask
	}
	return netip.AddrFrom16(b)
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
