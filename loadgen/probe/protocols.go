package probe

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"sync"

	"github.com/stickybench/stickybench/results"
)

// upgrade asks for a WebSocket; the key is RFC 6455's example, any will do.
func upgrade() http.Header {
	return http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
}

// sockets opens WebSockets of bound clients and of new ones, unless the first is not accepted.
func (p *prober) sockets(ctx context.Context, clients []*client) {
	for _, c := range clients {
		bound := c.shot(results.TestSocket)
		bound.Sent = c.all()
		if shot := p.once(ctx, c.from, bound, upgrade()); shot.Status != http.StatusSwitchingProtocols {
			return
		}
	}
	for range groups {
		p.once(ctx, p.fresh(), results.Shot{Test: results.TestFirstSocket, Client: none}, upgrade())
	}
}

// streams sends bound clients' requests, and first requests at once, as streams of an HTTP/2
// connection each, unless the balancer does not speak it.
func (p *prober) streams(ctx context.Context, clients []*client) {
	for _, c := range clients {
		t := p.multiplexed(c.from)
		bound := c.shot(results.TestStream)
		bound.Sent = c.all()
		for range repeats {
			if shot := p.on(ctx, t, c.from, bound, nil); shot.Failure != "" {
				t.CloseIdleConnections()
				return
			}
		}
		t.CloseIdleConnections()
	}
	for group := range groups {
		from := p.fresh()
		t := p.multiplexed(from)
		first := results.Shot{Test: results.TestFirstStream, Group: strconv.Itoa(group), Client: none}
		var flying sync.WaitGroup
		for range together {
			flying.Go(func() { p.on(ctx, t, from, first, nil) })
		}
		flying.Wait()
		t.CloseIdleConnections()
	}
}

// multiplexed is a transport of HTTP/2 only, with prior knowledge on a cleartext URL.
func (p *prober) multiplexed(from netip.Addr) *http.Transport {
	t := p.connections(from, true)
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	return t
}
