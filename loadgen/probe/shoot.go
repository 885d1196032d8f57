package probe

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// prober sends requests and keeps what came back.
type prober struct {
	url      string
	naming   naming
	timeout  time.Duration
	insecure bool
	source   source
	next     int // number of the next unused address
	random   *profiles.Rand

	mu    sync.Mutex
	shots []results.Shot
}

// fresh is an address that nobody had.
func (p *prober) fresh() netip.Addr {
	p.next++
	return p.source(p.next - 1)
}

// connections is a transport from one address. With keep it reuses its connection.
func (p *prober) connections(from netip.Addr, keep bool) *http.Transport {
	d := &net.Dialer{}
	if from.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: from.AsSlice()}
	}
	return &http.Transport{DialContext: d.DialContext, DisableKeepAlives: !keep, DisableCompression: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: p.insecure}}
}

// once sends one request on a connection of its own. The shot comes filled in as far as the test knows.
func (p *prober) once(ctx context.Context, from netip.Addr, shot results.Shot, header http.Header) results.Shot {
	t := p.connections(from, false)
	defer t.CloseIdleConnections()
	return p.on(ctx, t, from, shot, header)
}

// alone sends one request when the balancer is done with those before.
func (p *prober) alone(ctx context.Context, from netip.Addr, shot results.Shot, header http.Header) results.Shot {
	_ = clock.Sleep(ctx, calm) // the request fails too when ctx is done
	return p.once(ctx, from, shot, header)
}

// on sends one request on t and keeps the outcome.
func (p *prober) on(ctx context.Context, t *http.Transport, from netip.Addr, shot results.Shot, header http.Header) results.Shot {
	if from.IsValid() {
		shot.Source = from.String()
	}
	p.exchange(ctx, t, &shot, header)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shots = append(p.shots, shot)
	return shot
}

// bodyLimit is how much of a body may hold the instance's name.
const bodyLimit = 64 << 10

func (p *prober) exchange(ctx context.Context, t *http.Transport, shot *results.Shot, header http.Header) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		shot.Failure = err.Error()
		return
	}
	if header != nil {
		request.Header = header.Clone()
	}
	if shot.Sent != "" {
		request.Header.Set("Cookie", shot.Sent)
	}
	answer, err := t.RoundTrip(request) // follows no redirect: the first answer is the balancer's
	if err != nil {
		shot.Failure = err.Error()
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusSwitchingProtocols { // what follows is no body
		shot.Status, shot.Instance, shot.Set = answer.StatusCode, p.naming.name(answer, nil), answer.Header["Set-Cookie"]
		return
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, bodyLimit))
	if err != nil {
		shot.Failure = err.Error()
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection can be used again; its end shows next time
	shot.Status, shot.Instance, shot.Set = answer.StatusCode, p.naming.name(answer, body), answer.Header["Set-Cookie"]
}

// together sends n copies of shot at once from one address, each on its own connection.
func (p *prober) together(ctx context.Context, n int, from netip.Addr, shot results.Shot, header http.Header) {
	var flying sync.WaitGroup
	for range n {
		flying.Go(func() { p.once(ctx, from, shot, header) })
	}
	flying.Wait()
}
