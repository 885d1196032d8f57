package targets

import (
	"context"
	"net"
	"net/http"

	"github.com/pires/go-proxyproto"

	"github.com/stickybench/stickybench/profiles"
)

// newProbe is a control client that a balancer behind the PROXY protocol answers too.
func newProbe(via string) control {
	c := newControl()
	version := profiles.ProxyVersion(via)
	if version == 0 {
		return c
	}
	var d net.Dialer
	c.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		header := proxyproto.HeaderProxyFromAddrs(version, conn.LocalAddr(), conn.RemoteAddr())
		if _, err := header.WriteTo(conn); err != nil {
			conn.Close()
			return nil, err
		}
		return conn, nil
	}
	return c
}
