package probe

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"

	"github.com/stickybench/stickybench/results"
)

// renamed is the way of a client that holds a marker and knows the names.
const renamed = "the own one and another instance's name in it"

// rename writes another instance's name where the value holds one as a word: inside a longer
// one it stands by chance.
func rename(value, from, to string) string {
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(from) + `\b`)
	return word.ReplaceAllLiteralString(value, to)
}

// craft is a way to make a marker that chooses an instance from nothing but its address.
type craft struct {
	name string
	make func(address string) string
}

// crafts are the values that balancers make without a secret, or take beside their own.
func crafts() []craft {
	url := func(address string) string { return "http://" + address }
	return []craft{
		{"an instance's address", func(address string) string { return address }},
		{"an instance's URL", url}, // Traefik takes it; oxy#107
		{"an instance's address in base64", func(address string) string { return base64.StdEncoding.EncodeToString([]byte(address)) }},           // Envoy, stateful session cookie
		{"the MD5 of an instance's address", func(address string) string { sum := md5.Sum([]byte(address)); return hex.EncodeToString(sum[:]) }}, // nginx, sticky
		{"16 digits of the SHA-256 of an instance's URL", func(address string) string { // Traefik 3
			sum := sha256.Sum256([]byte(url(address)))
			return hex.EncodeToString(sum[:8])
		}},
		{"an HMAC of an instance's address without a key", func(address string) string { // Caddy without a secret
			h := hmac.New(sha256.New, nil)
			h.Write([]byte(address))
			return hex.EncodeToString(h.Sum(nil))
		}},
		{"the FNV-1a of an instance's socket address", func(address string) string { return socketHash(address, func(b byte) uint32 { return uint32(b) }) }},
		{"the FNV-1a of an instance's socket address, of signed bytes", func(address string) string {
			return socketHash(address, func(b byte) uint32 { return uint32(int8(b)) })
		}},
	}
}

// socketHash is nghttpx's strict cookie: it hashes the address as a sockaddr of Linux holds it, and 1.52 takes each byte for
// a char, which has a sign on x86 and none on ARM (its util.cc, hash32).
func socketHash(address string, widen func(byte) uint32) string {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address
	}
	family, before, after := byte(2), 0, 8 // AF_INET, and zeros up to the size of a sockaddr
	if at.Addr().Is6() {
		family, before, after = 10, 4, 4 // AF_INET6, the flow and the scope
	}
	raw := append([]byte{family, 0, byte(at.Port() >> 8), byte(at.Port())}, make([]byte, before)...)
	raw = append(append(raw, at.Addr().AsSlice()...), make([]byte, after)...)
	h := uint32(2166136261)
	for _, b := range raw {
		h = (h ^ widen(b)) * 16777619
	}
	return fmt.Sprintf("%08x", h)
}

// forge sends values that a client makes from the instances' addresses, by name. Those for one instance follow one another, so
// that a balancer that takes its instances in turn does not meet them by chance.
func (p *prober) forge(ctx context.Context, name string, addresses map[string]string) {
	for _, c := range crafts() {
		for _, instance := range slices.Sorted(maps.Keys(addresses)) {
			shot := results.Shot{Test: results.TestForged, Label: name, Group: c.name, Client: none, Wanted: instance, Sent: name + "=" + c.make(addresses[instance])}
			for range repeats {
				p.once(ctx, p.fresh(), shot, nil)
			}
		}
	}
}
