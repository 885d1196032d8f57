package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
	qhttp "github.com/quic-go/quic-go/http3"
)

// http3 is a QUIC connection, which carries several requests at a time.
type http3 struct {
	*session
	client   *qhttp.ClientConn
	settings *settings
}

func (p *portable) openHTTP3(ctx context.Context, r *Request) (link, error) {
	s, err := p.dialQUIC(ctx, r)
	if err != nil {
		return nil, err
	}
	client := (&qhttp.Transport{DisableCompression: true, MaxResponseHeaderBytes: maxHeaderBytes}).NewClientConn(s.conn)
	return &http3{s, client, &p.settings}, nil
}

func (c *http3) alive() bool { return c.conn.Context().Err() == nil }

// exchange gives up a connection on which a request failed and nothing was heard since: a server that lives
// acknowledges what it gets, and a restarted one knows nothing of the connection and may not say so.
func (c *http3) exchange(ctx context.Context, r *Request) (keep bool, err error) {
	before := c.conn.ConnectionStats().PacketsReceived
	err = c.settings.fetch(ctx, c.client.RoundTrip, r)
	heard := err == nil || c.conn.ConnectionStats().PacketsReceived > before
	if err != nil && nonsense(err) {
		err = malformed("%v", err)
	}
	return heard && c.alive(), err
}

// nonsense tells what the client found wrong with an answer from what the server or the network ended.
func nonsense(err error) bool {
	var wrong *qhttp.Error
	return errors.As(err, &wrong) && !wrong.Remote || strings.HasPrefix(err.Error(), "http3: invalid response") ||
		strings.HasPrefix(err.Error(), "http3: expected first frame")
}

// session is a QUIC connection over a socket of its own.
type session struct {
	conn      *quic.Conn
	transport *quic.Transport
	socket    *net.UDPConn
}

// dialQUIC opens a connection from r's address. The handshake is part of connecting; no request goes before its end
// (0-RTT), so resumption saves the server work but no round trip.
func (d *dialer) dialQUIC(ctx context.Context, r *Request) (*session, error) {
	socket, err := d.dialUDP(ctx, r)
	if err != nil {
		return nil, err
	}
	s := &session{socket: socket, transport: &quic.Transport{Conn: connected{socket}}}
	s.conn, err = s.transport.Dial(ctx, socket.RemoteAddr(), d.security.of(d.tickets.of(r.Slot)), &quic.Config{
		HandshakeIdleTimeout: patient, MaxIdleTimeout: patient, MaxIncomingStreams: -1})
	if err != nil {
		_ = s.Close()
		return nil, d.security.explain(err)
	}
	return s, nil
}

// patient leaves it to the request's deadline and to the server when to give a connection up.
const patient = time.Hour

func (d *dialer) dialUDP(ctx context.Context, r *Request) (*net.UDPConn, error) {
	dialer := net.Dialer{}
	if local := d.local(r); local.IsValid() {
		dialer.LocalAddr = &net.UDPAddr{IP: local.AsSlice()}
	}
	c, err := dialer.DialContext(ctx, "udp", d.at(r).String())
	if err != nil {
		return nil, fmt.Errorf("opening a UDP socket: %w", err)
	}
	return c.(*net.UDPConn), nil
}

// Close says goodbye and waits for nobody.
func (s *session) Close() error {
	if s.conn != nil {
		_ = s.conn.CloseWithError(quic.ApplicationErrorCode(qhttp.ErrCodeNoError), "")
	}
	_ = s.transport.Close() // what follows closes in any case
	return s.socket.Close()
}

// connected is a socket that knows its peer: a port where nobody listens is told at once by ICMP. quic-go names
// the peer with every packet, which such a socket does not take.
type connected struct{ *net.UDPConn }

func (c connected) WriteTo(b []byte, _ net.Addr) (int, error) { return c.Write(b) }

func (c connected) WriteMsgUDP(b, oob []byte, _ *net.UDPAddr) (n, oobn int, err error) {
	return c.UDPConn.WriteMsgUDP(b, oob, nil)
}
