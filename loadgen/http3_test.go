package loadgen

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	qhttp "github.com/quic-go/quic-go/http3"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// overQUIC is an HTTP/3 server with the certificate of a TLS server.
func overQUIC(t *testing.T, h http.HandlerFunc) served {
	t.Helper()
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	lender.Close()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var open []*quic.Conn
	server := &qhttp.Server{Handler: h, TLSConfig: &tls.Config{Certificates: lender.TLS.Certificates},
		ConnContext: func(ctx context.Context, c *quic.Conn) context.Context {
			mu.Lock()
			defer mu.Unlock()
			open = append(open, c)
			return ctx
		}}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	stop := sync.OnceFunc(func() {
		_ = server.Close()
		_ = l.Close()
		<-ended
	})
	t.Cleanup(stop)
	e := profiles.Default()
	e.Load.TLS.CA = authority(t, lender.Certificate().Raw)
	return served{"https://" + l.LocalAddr().String(), e, func() {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range open {
			_ = c.CloseWithError(quic.ApplicationErrorCode(qhttp.ErrCodeNoError), "")
		}
	}, stop}
}

func TestHTTP3VerifiesByDefault(t *testing.T) {
	s := overQUIC(t, func(http.ResponseWriter, *http.Request) {})
	s.e.Load.Protocol = profiles.HTTP3
	s.e.Load.TLS.CA = ""
	r := s.client(t).ask(&Request{KeepAlive: true})
	if r.Failure != results.ConnectFailed || !strings.Contains(r.Err.Error(), "certificate of 127.0.0.1") || !strings.Contains(r.Err.Error(), "--ca FILE") {
		t.Errorf("failure %d, %v", r.Failure, r.Err)
	}
	if err := Probe(t.Context(), []string{s.url}, s.e); err == nil || err.Error() != r.Err.Error() {
		t.Errorf("the probe says %v", err)
	}
	s.e.Load.TLS.Insecure = true
	if err := Probe(t.Context(), []string{s.url}, s.e); err != nil {
		t.Error(err)
	}
}

func TestHTTP3ResumesOnlyOwnSessions(t *testing.T) {
	s := overQUIC(t, func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.DidResume {
			w.WriteHeader(http.StatusAccepted)
		}
	})
	s.e.Load.Protocol = profiles.HTTP3
	cl := s.client(t)
	resumed := func(slot uint32) bool {
		r := cl.ask(&Request{Slot: slot})
		if r.Failure != results.Answered {
			t.Fatal(r.Err)
		}
		return r.Status == http.StatusAccepted
	}
	if resumed(0) || !resumed(0) || resumed(1) {
		t.Error("a user's second connection alone resumes, and only its own session")
	}
}

// A server that is gone is noticed by the next request at the latest, and the one after it is refused.
func TestHTTP3ServerGone(t *testing.T) {
	s := overQUIC(t, echo)
	s.e.Load.Protocol = profiles.HTTP3
	cl := s.client(t)
	if r := cl.ask(&Request{KeepAlive: true}); r.Failure != results.Answered {
		t.Fatal(r.Err)
	}
	s.stop()
	first, second := cl.ask(&Request{KeepAlive: true}), cl.ask(&Request{KeepAlive: true})
	if first.Failure != results.Reset && first.Failure != results.ConnectRefused || second.Failure != results.ConnectRefused {
		t.Errorf("failures %d (%v) and %d (%v)", first.Failure, first.Err, second.Failure, second.Err)
	}
}

func TestSharedHTTP3Connections(t *testing.T) {
	s := overQUIC(t, echo)
	target, _ := url.Parse(s.url)
	s.e.Load.Protocol = profiles.HTTP3
	o, err := newSettings(target, s.e)
	if err != nil {
		t.Fatal(err)
	}
	o.pools = []int{0, 2}
	p, err := newPortable(located(t, o))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	cl := &tester{t: t, engine: p}
	for slot := range uint32(20) {
		p.Send(&Request{KeepAlive: true, Slot: slot, Pool: 1, Deadline: clock.Now().Add(20e9)})
	}
	uses := map[uint32]int{}
	for _, r := range cl.gather(20) {
		if uses[r.Conn]++; r.Failure != results.Answered {
			t.Error(r.Err)
		}
	}
	if len(uses) != 2 || uses[1] != 10 {
		t.Errorf("uses by connection: %v", uses)
	}
}

// mutable passes packets between one client and a server until it is told to lose them.
type mutable struct {
	near, far net.PacketConn
	server    net.Addr
	client    atomic.Pointer[net.UDPAddr]
	mute      atomic.Bool
}

func relay(t *testing.T, server string) *mutable {
	t.Helper()
	m := &mutable{}
	var err error
	if m.server, err = net.ResolveUDPAddr("udp", server); err != nil {
		t.Fatal(err)
	}
	for _, side := range []*net.PacketConn{&m.near, &m.far} {
		if *side, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	var passing sync.WaitGroup
	passing.Go(func() {
		m.pass(m.near, m.far, func(from net.Addr) net.Addr { m.client.Store(from.(*net.UDPAddr)); return m.server })
	})
	passing.Go(func() { m.pass(m.far, m.near, func(net.Addr) net.Addr { return m.client.Load() }) })
	t.Cleanup(func() { m.near.Close(); m.far.Close(); passing.Wait() })
	return m
}

func (m *mutable) pass(from, to net.PacketConn, target func(net.Addr) net.Addr) {
	packet := make([]byte, 64<<10)
	for {
		n, sender, err := from.ReadFrom(packet)
		if err != nil {
			return
		}
		if address := target(sender); !m.mute.Load() {
			_, _ = to.WriteTo(packet[:n], address)
		}
	}
}

// A server that vanishes without a word costs one request; the next one tries a new connection.
func TestHTTP3ServerSilent(t *testing.T) {
	s := overQUIC(t, echo)
	m := relay(t, s.url[len("https://"):])
	s.e.Load.Protocol, s.url = profiles.HTTP3, "https://"+m.near.LocalAddr().String()
	cl := s.client(t)
	if r := cl.ask(&Request{KeepAlive: true}); r.Failure != results.Answered {
		t.Fatal(r.Err)
	}
	cl.pass(500 * time.Millisecond) // what was sent has been acknowledged
	m.mute.Store(true)
	if r := cl.ask(&Request{KeepAlive: true, Deadline: clock.Now().Add(200 * time.Millisecond)}); r.Failure != results.TimedOut || r.ConnNew {
		t.Errorf("failure %d, %v, new %v", r.Failure, r.Err, r.ConnNew)
	}
	m.mute.Store(false)
	if r := cl.ask(&Request{KeepAlive: true}); r.Failure != results.Answered || !r.ConnNew {
		t.Errorf("failure %d, %v, new %v", r.Failure, r.Err, r.ConnNew)
	}
}
