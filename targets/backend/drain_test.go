package backend

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
)

func TestConcurrentWritersOfOneSession(t *testing.T) {
	url, control := started(t, Options{})
	first := &client{t: t, url: url}
	first.do("GET")
	var all sync.WaitGroup
	for k := range 4 {
		all.Go(func() {
			c := &client{t: t, url: url, cookie: first.cookie, seq: 1000 * (k + 1)}
			for range 25 {
				c.do("POST")
			}
		})
	}
	all.Wait()
	if got := first.do("GET").Get(wire.HeaderVersion); got != "100" {
		t.Fatalf("version %s after 100 writes", got)
	}
	answer, err := http.Get(control + "/state")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var m struct{ Requests int }
	if err := json.NewDecoder(answer.Body).Decode(&m); err != nil || m.Requests != 102 {
		t.Fatalf("%+v, %v", m, err)
	}
}

// A request under way when the end comes is still answered, and the port refuses new ones.
func TestDrainFinishesWhatIsUnderWay(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	ready, ended, answered := make(chan string, 2), make(chan error, 1), make(chan error, 1)
	o := Options{Name: "b1", Handler: profiles.Constant(0.3), Drain: 30 * time.Second}
	go func() {
		ended <- Run(ctx, o, func(traffic, control string) { ready <- traffic; ready <- control })
	}()
	url, control := <-ready, <-ready
	go func() {
		answer, err := http.Get(url)
		if err == nil {
			answer.Body.Close()
		}
		answered <- err
	}()
	for inFlight := 0; inFlight == 0; {
		inFlight = busy(t, control)
	}
	stop()
	if err := <-answered; err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	if _, err := http.Get(url); err == nil {
		t.Fatal("still answers after the drain")
	}
}

func busy(t *testing.T, control string) int {
	t.Helper()
	answer, err := http.Get(control + "/state")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var m struct {
		InFlight int `json:"in_flight"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m.InFlight
}

func TestControlAsksForItsToken(t *testing.T) {
	_, control := started(t, Options{Token: "secret"})
	answer, err := http.Get(control + "/state")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusUnauthorized {
		t.Fatalf("got %s", answer.Status)
	}
	err = Run(context.Background(), Options{Name: "b1", Control: "0.0.0.0:0"}, func(string, string) { t.Error("served") })
	if err == nil {
		t.Fatal("a control port for strangers without a token")
	}
}
