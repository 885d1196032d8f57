package probe

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
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
	}
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
