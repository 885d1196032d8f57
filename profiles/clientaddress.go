package profiles

import (
	"net/netip"
	"slices"
	"strings"
)

// ClientAddress says which address users have and how the balancer learns it.
type ClientAddress struct {
	Via     string `yaml:"via,omitempty"`     // one of Vias; empty = ViaSource
	Network string `yaml:"network,omitempty"` // CIDR, IPv4 or IPv6; default 127.0.0.0/8
}

// How the balancer learns a user's address.
const (
	ViaSource    = "source" // connections come from it
	ViaForwarded = "x-forwarded-for"
	ViaProxy1    = "proxy-v1" // a PROXY header begins each connection
	ViaProxy2    = "proxy-v2"
)

// Vias are the values of ClientAddress.Via.
func Vias() []string { return []string{ViaSource, ViaForwarded, ViaProxy1, ViaProxy2} }

// ProxyVersion is that of the PROXY header that begins connections; 0 = none does.
func ProxyVersion(via string) byte {
	switch via {
	case ViaProxy1:
		return 1
	case ViaProxy2:
		return 2
	}
	return 0
}

func (c ClientAddress) check() error {
	if c.Via != "" && !slices.Contains(Vias(), c.Via) {
		return wrong("load.client_address.via", "%q is unknown; use one of %s", c.Via, strings.Join(Vias(), ", "))
	}
	if c.Network == "" {
		return nil
	}
	if _, err := netip.ParsePrefix(c.Network); err != nil {
		return wrong("load.client_address.network", "%q is no network; use one like 10.0.0.0/8 or fd00:5b::/64", c.Network)
	}
	return nil
}
