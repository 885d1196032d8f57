package lb

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// named serves WebSockets that answer every message with name.
func named(t *testing.T, name string) Instance {
	t.Helper()
	var over sync.WaitGroup
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		over.Add(1)
		defer over.Done()
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return // a health check
		}
		defer c.CloseNow()
		for err == nil {
			if _, _, err = c.Read(context.Background()); err == nil {
				err = c.Write(context.Background(), websocket.MessageText, []byte(name))
			}
		}
	}))
	t.Cleanup(func() { s.Close(); over.Wait() })
	return Instance{Name: name, URL: s.URL}
}

// A WebSocket is bound by the cookies of its upgrade, stays where it is, and ends with the balancer.
func TestUpgradesPassAndAreBound(t *testing.T) {
	o := Options{Mechanism: "cookie", Choice: "round-robin", Seed: 1}
	for _, name := range names(3) {
		o.Instances = append(o.Instances, named(t, name))
	}
	ctx, end := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- Run(ctx, o, func(traffic, _ string) { ready <- traffic }) }()
	url := <-ready
	c, marker := upgraded(t, url, "")
	home := said(t, c)
	for range 3 {
		if at := said(t, c); at != home {
			t.Errorf("moved from %s to %s within one connection", home, at)
		}
		again, _ := upgraded(t, url, marker)
		if at := said(t, again); at != home {
			t.Errorf("the marker of %s led to %s", home, at)
		}
	}
	other, _ := upgraded(t, url, "")
	if at := said(t, other); at == home {
		t.Errorf("a new user came to %s too", home)
	}
	end()
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("the connection outlives the balancer")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func upgraded(t *testing.T, url, cookie string) (c *websocket.Conn, marker string) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	c, answer, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: http.Header{"Cookie": {cookie}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	marker, _, _ = strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	return c, marker
}

func said(t *testing.T, c *websocket.Conn) string {
	t.Helper()
	if err := c.Write(t.Context(), websocket.MessageText, []byte("who?")); err != nil {
		t.Fatal(err)
	}
	_, name, err := c.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(name)
}
