package backend

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// talker is a client with one open WebSocket.
type talker struct {
	t      *testing.T
	c      *websocket.Conn
	cookie string
	seq    int
}

func talkTo(t *testing.T, url, cookie string) *talker {
	t.Helper()
	o := &websocket.DialOptions{HTTPHeader: http.Header{}}
	if cookie != "" {
		o.HTTPHeader.Set("Cookie", cookie)
	}
	c, answer, err := websocket.Dial(t.Context(), url+"/any/path", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	if answer.Header.Get(wire.HeaderInstance) != "b1" {
		t.Errorf("upgraded by %q", answer.Header.Get(wire.HeaderInstance))
	}
	if set := answer.Header.Get("Set-Cookie"); set != "" {
		cookie, _, _ = strings.Cut(set, ";")
	}
	return &talker{t: t, c: c, cookie: cookie}
}

func (k *talker) say(method string) (status string, fields http.Header) {
	k.t.Helper()
	text := fmt.Sprintf("%s\r\n%s: 5.0\r\n%s: %d\r\n%s: %016x\r\n\r\n", method, wire.HeaderSession, wire.HeaderSeq, k.seq, wire.HeaderNonce, k.seq+100)
	k.seq++
	if err := k.c.Write(k.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		k.t.Fatal(err)
	}
	_, reply, err := k.c.Read(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	status, rest, _ := strings.Cut(string(reply), "\r\n")
	h, _ := textproto.NewReader(bufio.NewReader(strings.NewReader(rest + "\r\n"))).ReadMIMEHeader()
	return status, http.Header(h)
}

func TestEveryMessageIsARequest(t *testing.T) {
	d, err := results.Create(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	url, control := started(t, Options{Ledger: d.ServePath("b1")})
	k := talkTo(t, url, "")
	status, first := k.say("GET")
	if status != "200" || first.Get(wire.HeaderVersion) != "0" || first.Get(wire.HeaderSession) != "5.0" {
		t.Fatalf("%s %v", status, first)
	}
	_, second := k.say("POST")
	if second.Get(wire.HeaderEpoch) != first.Get(wire.HeaderEpoch) || second.Get(wire.HeaderHead) != hex64(wire.Head(0, 1, 101)) {
		t.Fatalf("after a write: %v", second)
	}
	again := talkTo(t, url, k.cookie)
	again.seq = 2
	if _, third := again.say("GET"); third.Get(wire.HeaderEpoch) != first.Get(wire.HeaderEpoch) || third.Get(wire.HeaderVersion) != "1" {
		t.Errorf("after reconnecting: %v", third)
	}
	order(t, "POST", control+"/error")
	if status, fields := again.say("GET"); status != "503" || fields.Get(wire.HeaderEpoch) != "" {
		t.Errorf("a broken application: %s %v", status, fields)
	}
	if _, answer, err := websocket.Dial(t.Context(), url, nil); err == nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a broken application takes a new WebSocket: %v", err)
	}
	next := uint32(0)
	for s, err := range d.Serves() {
		if err != nil || s.Seq != next || s.Nonce != uint64(next+100) {
			t.Fatalf("%+v, %v; want sequence number %d", s, err, next)
		}
		next++
	}
	if next != 4 {
		t.Errorf("%d records of four messages", next)
	}
}

// The message under way when the end comes is answered, and then the client is told.
func TestConversationsEndInOrder(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan [2]string, 1), make(chan error, 1)
	o := Options{Name: "b1", Handler: profiles.Constant(0.3), Drain: 30 * time.Second}
	go func() { ended <- Run(ctx, o, func(traffic, control string) { ready <- [2]string{traffic, control} }) }()
	urls := <-ready
	k := talkTo(t, urls[0], "")
	answered := make(chan string, 1)
	go func() {
		status, _ := k.say("GET")
		answered <- status
	}()
	for inFlight := 0; inFlight == 0; {
		inFlight = busy(t, urls[1])
	}
	stop()
	if status := <-answered; status != "200" {
		t.Errorf("status %s", status)
	}
	if _, _, err := k.c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the client heard %v", err)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
