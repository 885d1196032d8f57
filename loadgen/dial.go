package loadgen

import (
	"context"
	"net"
)

// dialer opens the transport connections of one engine.
type dialer struct {
	secure  *security // nil = cleartext
	tickets *tickets
	address string // HOST:PORT
}

func newDialer(s settings) dialer {
	d := dialer{secure: s.security, tickets: newTickets(), address: s.target.Host}
	if s.target.Port() == "" {
		d.address = net.JoinHostPort(s.target.Hostname(), map[bool]string{true: "443", false: "80"}[s.target.Scheme == "https"])
	}
	return d
}

// transport is a TCP connection; Conn adds TLS where the target asks for it.
type transport struct {
	net.Conn
	raw net.Conn
}

// dial opens a connection from r's address. TLS is part of connecting.
func (d *dialer) dial(ctx context.Context, r *Request) (transport, error) {
	dialer := net.Dialer{Control: bindLate}
	if r.Source.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: r.Source.AsSlice()}
	}
	raw, err := dialer.DialContext(ctx, "tcp", d.address)
	if err != nil {
		return transport{}, err
	}
	if d.secure == nil {
		return transport{raw, raw}, nil
	}
	secured, err := d.secure.handshake(ctx, raw, d.tickets.of(r.Slot))
	if err != nil {
		raw.Close()
		return transport{}, err
	}
	return transport{secured, raw}, nil
}
