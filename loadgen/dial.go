package loadgen

import (
	"context"
	"net"
)

// dialer opens the transport connections of one engine.
type dialer struct {
	settings
	tickets *tickets
}

func newDialer(s settings) dialer { return dialer{settings: s, tickets: newTickets()} }

// transport is a TCP connection; Conn adds TLS where the target asks for it.
type transport struct {
	net.Conn
	raw net.Conn
}

// dial opens a connection from r's address. TLS is part of connecting.
func (d *dialer) dial(ctx context.Context, r *Request) (transport, error) {
	dialer := net.Dialer{Control: bindLate}
	if local := d.local(r); local.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: local.AsSlice()}
	}
	raw, err := dialer.DialContext(ctx, "tcp", d.at(r).String())
	if err != nil {
		return transport{}, err
	}
	if err := d.introduce(raw, r); err != nil {
		raw.Close()
		return transport{}, err
	}
	if d.security == nil {
		return transport{raw, raw}, nil
	}
	secured, err := d.security.handshake(ctx, raw, d.tickets.of(r.Slot))
	if err != nil {
		raw.Close()
		return transport{}, err
	}
	return transport{secured, raw}, nil
}

// introduce writes what a new connection begins with.
func (d *dialer) introduce(raw net.Conn, r *Request) error {
	preface, err := d.preface(nil, r)
	if err != nil || len(preface) == 0 {
		return err
	}
	_, err = raw.Write(preface)
	return err
}
