package loadgen

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"

	"github.com/pires/go-proxyproto"

	"github.com/stickybench/stickybench/profiles"
)

// resolve finds the one address of a target that is measured.
func resolve(ctx context.Context, target *url.URL) (netip.AddrPort, error) {
	name := target.Port()
	if name == "" {
		name = map[bool]string{true: "443", false: "80"}[target.Scheme == "https"]
	}
	port, err := net.DefaultResolver.LookupPort(ctx, "tcp", name)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("url %q: %w", target, err)
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", target.Hostname())
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("url %q: %w", target, err)
	}
	return netip.AddrPortFrom(all[0].Unmap(), uint16(port)), nil
}

// tells says whether users have addresses of their own at the target: without being asked only where
// the whole loopback network is this machine's.
func tells(c profiles.ClientAddress, targets []netip.AddrPort) bool {
	abroad := func(t netip.AddrPort) bool { return !t.Addr().Is4() || !t.Addr().IsLoopback() }
	return c.Network != "" || c.Via != "" && c.Via != profiles.ViaSource || !slices.ContainsFunc(targets, abroad)
}

// local is the address that r's connection comes from; invalid = any.
func (s *settings) local(r *Request) netip.Addr {
	if s.via == "" || s.via == profiles.ViaSource {
		return r.Source
	}
	return netip.Addr{}
}

// owner is the address that the server takes r's connection to come from.
func (s *settings) owner(r *Request) netip.Addr {
	if profiles.ProxyVersion(s.via) > 0 {
		return r.Source
	}
	return s.local(r)
}

// preface is what a new connection for r begins with (PROXY protocol, versions 1 and 2). The port only
// has to look like one.
func (s *settings) preface(b []byte, r *Request) ([]byte, error) {
	version := profiles.ProxyVersion(s.via)
	if version == 0 || !r.Source.IsValid() {
		return b, nil
	}
	from := netip.AddrPortFrom(r.Source, uint16(1024+r.ID.User%60000))
	header := proxyproto.HeaderProxyFromAddrs(version, net.TCPAddrFromAddrPort(from), net.TCPAddrFromAddrPort(familiar(s.at(r), from.Addr())))
	text, err := header.Format()
	if err != nil {
		return b, fmt.Errorf("PROXY header for %s: %w", from, err)
	}
	return append(b, text...), nil
}

// familiar is the target in the family of the user's address, which the header demands.
func familiar(target netip.AddrPort, user netip.Addr) netip.AddrPort {
	if user.Is4() == target.Addr().Is4() {
		return target
	}
	if user.Is4() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), target.Port())
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), target.Port())
}
