package loadgen

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pires/go-proxyproto"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// reflect answers each request with the address it takes the client to have, in a header that names the
// instance: the peer's, or the one that the PROXY header or X-Forwarded-For tells.
func reflect(t *testing.T, proxied bool) net.Listener {
	l := listen(t)
	var accepting net.Listener = l
	if proxied {
		accepting = &proxyproto.Listener{Listener: l, ConnPolicy: func(proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) { return proxyproto.REQUIRE, nil }}
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		if told := r.Header.Get("X-Forwarded-For"); told != "" {
			host = told
		}
		w.Header().Set(wire.HeaderInstance, host)
	})}
	go func() { _ = server.Serve(accepting) }()
	t.Cleanup(func() { server.Close() })
	return l
}

// addresses: the server learns the user's address in every way, and a user who moves is seen to.
func addresses(t *testing.T, start engineMaker) {
	for _, via := range []string{"source", "x-forwarded-for", "proxy-v1", "proxy-v2"} {
		for _, family := range [][2]string{{"127.3.4.5", "127.9.8.7"}, {"fd00:5b::7", "fd00:5b::8"}} {
			if via == "source" && strings.HasPrefix(family[0], "fd") {
				continue // needs a route that a test may not add
			}
			t.Run(via+" "+family[0], func(t *testing.T) {
				c := client(t, start, reflect(t, strings.HasPrefix(via, "proxy")), settings{via: via})
				for _, address := range []string{family[0], family[0], family[1]} {
					r := c.ask(&Request{KeepAlive: true, Source: netip.MustParseAddr(address)})
					if string(r.Answer.Instance) != address {
						t.Errorf("the server saw %q, want %s; failure %d, %v", r.Answer.Instance, address, r.Failure, r.Err)
					}
				}
			})
		}
	}
}

// pooling: users share connections, never two at once, and a full pool closes what comes back.
func pooling(t *testing.T, start engineMaker) {
	const users = 3
	var gathering sync.WaitGroup // the first users are answered when all of them are there
	gathering.Add(users)
	var asked atomic.Int64
	c := client(t, start, serve(t, func(c net.Conn, r *bufio.Reader) {
		for request(r) {
			if asked.Add(1) <= users {
				gathering.Done()
				gathering.Wait()
			}
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
		}
	}), settings{pools: []int{0, 2}})
	for range users {
		c.engine.Send(&Request{KeepAlive: true, Pool: 1, Deadline: clock.Now().Add(minute)})
	}
	together := map[uint32]bool{}
	for done := []*Request(nil); len(together) < users; {
		for _, r := range c.engine.Wait(clock.Now().Add(minute), done[:0]) {
			if together[r.Conn] = true; r.Failure != results.Answered || !r.ConnNew {
				t.Fatalf("%+v", r)
			}
		}
	}
	fresh := 0
	for slot := range uint32(10) {
		r := c.ask(&Request{Slot: slot, KeepAlive: true, Pool: 1})
		c.engine.Release(slot) // the user goes, the pool stays
		if r.ConnNew || !together[r.Conn] {
			fresh++
		}
	}
	if fresh > 0 {
		t.Errorf("%d of 10 requests opened a connection beside a pool of 2", fresh)
	}
}

// heads: the answer to a HEAD has no body, whatever its length says, and the connection goes on.
func heads(t *testing.T, start engineMaker) {
	c := client(t, start, serve(t, func(c net.Conn, r *bufio.Reader) {
		for {
			line, err := r.ReadString('\n')
			if err != nil || !request(r) {
				return
			}
			body := ""
			if !strings.HasPrefix(line, "HEAD ") {
				body = "12345"
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n%s", body)
		}
	}), settings{})
	for i, head := range []bool{true, false, true} {
		if r := c.ask(&Request{KeepAlive: true, Head: head}); r.Failure != results.Answered || r.ConnNew != (i == 0) {
			t.Errorf("request %d: failure %d (%v), new connection %v", i, r.Failure, r.Err, r.ConnNew)
		}
	}
}
