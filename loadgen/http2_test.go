package loadgen

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// counted is an h2c server whose connections are counted.
func counted(t *testing.T, h http.HandlerFunc) (*accepted, *url.URL) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = quiet()
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	l := &accepted{Listener: server.Listener}
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return l, &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/"}
}

// gather waits for n requests.
func (c *tester) gather(n int) (done []*Request) {
	for len(done) < n {
		done = c.engine.Wait(clock.Now().Add(time.Second), done)
	}
	return done
}

// Requests of one user that start together wait for one connection, and one of them is said to have opened it.
func TestLanesShareAnHTTP2Connection(t *testing.T) {
	var together sync.WaitGroup
	together.Add(3)
	l, target := counted(t, func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait() // answers only when all three are under way
	})
	p, err := newPortable(located(t, settings{target: target, protocol: profiles.HTTP2}))
	if err != nil {
		t.Fatal(err)
	}
	cl := &tester{t: t, engine: p}
	defer p.Close()
	for lane := range uint32(3) {
		p.Send(&Request{KeepAlive: true, Lane: lane, Deadline: clock.Now().Add(20 * time.Second)})
	}
	opened := 0
	for _, r := range cl.gather(3) {
		if r.Failure != results.Answered || r.Conn != 1 {
			t.Errorf("failure %d (%v) on connection %d", r.Failure, r.Err, r.Conn)
		}
		if r.ConnNew {
			opened++
		}
	}
	if opened != 1 || l.n != 1 {
		t.Errorf("%d requests opened %d connections", opened, l.n)
	}
}

func TestSharedHTTP2Connections(t *testing.T) {
	l, target := counted(t, func(http.ResponseWriter, *http.Request) {})
	p, err := newPortable(located(t, settings{target: target, protocol: profiles.HTTP2, pools: []int{0, 2}}))
	if err != nil {
		t.Fatal(err)
	}
	cl := &tester{t: t, engine: p}
	defer p.Close()
	uses := map[uint32]int{}
	for slot := range uint32(20) {
		r := cl.ask(&Request{KeepAlive: true, Slot: slot, Pool: 1})
		uses[r.Conn]++
		if r.Failure != results.Answered {
			t.Fatalf("failure %d, %v", r.Failure, r.Err)
		}
		p.Release(slot)
	}
	if len(uses) != 2 || uses[1] != 10 || uses[2] != 10 || l.n != 2 {
		t.Errorf("uses by connection %v, %d accepted", uses, l.n)
	}
}

// A server that speaks only HTTP/1.1 is named as such, not called broken.
func TestHTTP2ToAnOldServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	e := profiles.Default()
	e.Load.Protocol = profiles.HTTP2
	if r := started(t, server.URL, e).ask(&Request{KeepAlive: true}); r.Failure != results.Malformed || !strings.Contains(r.Err.Error(), "answers in HTTP/1.1") {
		t.Errorf("failure %d, %v", r.Failure, r.Err)
	}
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = quiet()
	secure.StartTLS()
	t.Cleanup(secure.Close)
	e.Load.TLS.Insecure = true
	if r := started(t, secure.URL, e).ask(&Request{KeepAlive: true}); r.Failure != results.ConnectFailed || !strings.Contains(r.Err.Error(), "h2 over TLS; choose another load.protocol") {
		t.Errorf("failure %d, %v", r.Failure, r.Err)
	}
}

// A server that says goodbye gets no more requests, and none is lost.
func TestHTTP2Goodbye(t *testing.T) {
	s := cleartext(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	s.e.Load.Protocol = profiles.HTTP2
	cl := s.client(t)
	last := uint32(0)
	for range 20 {
		r := cl.ask(&Request{KeepAlive: true})
		if r.Failure != results.Answered || r.Conn == last {
			t.Fatalf("failure %d on connection %d after %d, %v", r.Failure, r.Conn, last, r.Err)
		}
		last = r.Conn
	}
}

// After a goodbye with a request under way, that one is answered, and the next takes a new connection at once.
func TestHTTP2GoodbyeMeanwhile(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s := cleartext(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get(wire.HeaderSeq) {
		case "0":
			close(arrived)
			<-release
		case "1":
			w.Header().Set("Connection", "close")
		}
	})
	s.e.Load.Protocol = profiles.HTTP2
	cl := s.client(t)
	first := cl.ask(&Request{KeepAlive: true, Seq: 7})
	cl.engine.Send(&Request{KeepAlive: true, Lane: 1, Deadline: clock.Now().Add(20 * time.Second)})
	<-arrived
	goodbye, after := cl.ask(&Request{KeepAlive: true, Seq: 1}), cl.ask(&Request{KeepAlive: true, Seq: 2})
	if goodbye.Conn != first.Conn || after.Conn == first.Conn || after.Failure != results.Answered {
		t.Errorf("connections %d, %d, %d; failure %d, %v", first.Conn, goodbye.Conn, after.Conn, after.Failure, after.Err)
	}
	close(release)
	if slow := cl.gather(1)[0]; slow.Failure != results.Answered || slow.Conn != first.Conn {
		t.Errorf("the one under way: failure %d on connection %d, %v", slow.Failure, slow.Conn, slow.Err)
	}
}
