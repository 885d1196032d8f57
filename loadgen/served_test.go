package loadgen

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
)

// quiet keeps what a server says of clients that leave out of the tests' output.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// served is a server under test: where it is, and the experiment that reaches it.
type served struct {
	url    string
	e      *profiles.Experiment
	hangUp func() // closes every connection
	stop   func()
}

// spoken is one protocol and what sets it apart.
type spoken struct {
	serve       func(t *testing.T, h http.HandlerFunc) served
	multiplexed bool // the lanes of a user share a connection
	renewed     bool // each request has its own connection
	patient     bool // a request that times out does not end its connection
	conversing  bool // only the upgrade carries cookies
}

func speak(protocol string, serve func(*testing.T, http.HandlerFunc) served) func(*testing.T, http.HandlerFunc) served {
	return func(t *testing.T, h http.HandlerFunc) served {
		s := serve(t, h)
		s.e.Load.Protocol, s.e.Load.Engine = protocol, "portable"
		return s
	}
}

// languages are all protocols, against real servers.
func languages() map[string]spoken {
	return map[string]spoken{
		"h1":          {serve: speak(profiles.HTTP1, cleartext)},
		"h1 over TLS": {serve: speak(profiles.HTTP1, overTLS)},
		"h2":          {serve: speak(profiles.HTTP2, overTLS), multiplexed: true, patient: true},
		"h2c":         {serve: speak(profiles.HTTP2, cleartext), multiplexed: true, patient: true},
		"h3":          {serve: speak(profiles.HTTP3, overQUIC), multiplexed: true, patient: true},
		"websocket":   {serve: speak(profiles.WebSocket, conversing(cleartext)), multiplexed: true, conversing: true},
		"wss":         {serve: speak(profiles.WebSocket, conversing(overTLS)), multiplexed: true, conversing: true},
		"sse":         {serve: speak(profiles.Events, streaming(cleartext)), renewed: true},
		"sse, TLS":    {serve: speak(profiles.Events, streaming(overTLS)), renewed: true},
	}
}

func cleartext(t *testing.T, h http.HandlerFunc) served {
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = quiet()
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return served{server.URL, profiles.Default(), server.CloseClientConnections, server.Close}
}

func overTLS(t *testing.T, h http.HandlerFunc) served {
	server, e := secured(t, h)
	return served{server.URL, e, server.CloseClientConnections, server.Close}
}

// echo answers with what it was asked, in the mock backend's words.
func echo(w http.ResponseWriter, r *http.Request) { echoAs("b1", w, r) }

func echoAs(instance string, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set(wire.HeaderInstance, instance)
	h.Set(wire.HeaderSession, r.Header.Get(wire.HeaderSession))
	h.Set(wire.HeaderVersion, r.Header.Get(wire.HeaderSeq))
	h.Set(wire.HeaderHead, r.Header.Get(wire.HeaderNonce))
	h.Set(wire.HeaderEpoch, strconv.FormatInt(map[string]int64{"GET": 1, "POST": 2}[r.Method], 16))
	h.Add("Set-Cookie", "mark=b1; Path=/")
	h.Add("Set-Cookie", "SBSESSION=x; Path=/")
	_, _ = io.WriteString(w, "ok\n")
}

// accepted counts the connections of a listener.
type accepted struct {
	net.Listener
	mu sync.Mutex
	n  int
}

func (a *accepted) Accept() (net.Conn, error) {
	c, err := a.Listener.Accept()
	if err == nil {
		a.mu.Lock()
		a.n++
		a.mu.Unlock()
	}
	return c, err
}
