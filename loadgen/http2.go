package loadgen

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// http2 is a connection that carries several requests at a time.
type http2 struct {
	*http.ClientConn
	settings *settings
	peer     *peer
}

// http2Opener opens connections; the transport keeps none of them.
type http2Opener struct {
	portable  *portable
	transport *http.Transport
}

func newHTTP2(p *portable) http2Opener {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true) // what TLS there is was spoken before
	return http2Opener{p, &http.Transport{Protocols: protocols, DialContext: dialed, DisableCompression: true,
		MaxResponseHeaderBytes: maxHeaderBytes}}
}

// peerKey is where dialed finds the connection that open has made.
type peerKey struct{}

func dialed(ctx context.Context, _, _ string) (net.Conn, error) {
	return ctx.Value(peerKey{}).(*peer), nil
}

func (o http2Opener) open(ctx context.Context, r *Request) (link, error) {
	c, err := o.portable.dial(ctx, r)
	if err != nil {
		return nil, err
	}
	p := &peer{Conn: c}
	spoken, err := o.transport.NewClientConn(context.WithValue(ctx, peerKey{}, p), "http", o.portable.at(r).String())
	if err != nil {
		c.Close()
		return nil, err
	}
	return &http2{spoken, &o.portable.settings, p}, nil
}

// alive: without a free stream it may only be busy. A connection that the server has announced to close is caught
// by errUnused.
func (c *http2) alive() bool { return c.Err() == nil && (c.Available() > 0 || c.InFlight() > 0) }

func (c *http2) exchange(ctx context.Context, r *Request) (keep bool, err error) {
	err = c.settings.fetch(ctx, c.RoundTrip, r)
	switch {
	case err == nil:
	case c.peer.old.Load():
		err = malformed("the server answers in HTTP/1.1; it does not take HTTP/2 without TLS")
	case garbled(err.Error()):
		err = malformed("%v", err)
	}
	return c.alive(), err
}

// garbled tells what net/http found wrong with an answer from what the server or the network ended: its types are
// not exported, and a test holds it to these words.
func garbled(err string) bool {
	return strings.HasPrefix(err, "connection error: ") || strings.HasPrefix(err, "http2: frame too large") ||
		strings.HasPrefix(err, "stream error: ") && !strings.HasSuffix(err, "received from peer")
}

// peer notices a server that answers the HTTP/2 preface in HTTP/1.1.
type peer struct {
	net.Conn
	heard bool // something was read; only the reader's
	old   atomic.Bool
}

func (p *peer) Read(b []byte) (n int, err error) {
	n, err = p.Conn.Read(b)
	if n > 0 && !p.heard {
		p.heard = true
		p.old.Store(bytes.HasPrefix(b[:n], []byte("HTTP/"[:min(n, 5)])))
	}
	return n, err
}
