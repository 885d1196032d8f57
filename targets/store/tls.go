package store

import (
	"context"
	"crypto/tls"
	"net"
)

// overTLS is dial with a TLS handshake after it: the line below it sees every turn of the handshake.
func overTLS(config *tls.Config, dial dialer) dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		below, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := tls.Client(below, config)
		return c, c.HandshakeContext(ctx)
	}
}
