package store

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/port"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMemory(t *testing.T) {
	now := clock.Time(1)
	contract(t, func(ttl time.Duration) Store {
		m := NewMemory(ttl)
		m.records.now = func() clock.Time { return now }
		return m
	}, func(d time.Duration) { now = now.Add(d) }, 0)
}

func TestMemoryEvicts(t *testing.T) {
	m, now := NewMemory(time.Second), clock.Time(1)
	m.records.now = func() clock.Time { return now }
	for i := range 1000 {
		now = now.Add(10 * time.Millisecond)
		save(t, m, fmt.Sprint(i), Record{Epoch: 1})
	}
	if len(m.records.all) > 250 {
		t.Fatalf("%d records held, about 100 are alive", len(m.records.all))
	}
}

// wait lets real servers' clocks pass.
func wait(d time.Duration) { _ = clock.Sleep(context.Background(), d) }

// embedded runs the embedded server until the test ends and gives its URL.
func embedded(t *testing.T) string {
	ctx, stop := context.WithCancel(context.Background())
	ended, address := make(chan error, 1), make(chan string, 1)
	go func() { ended <- Serve(ctx, "127.0.0.1:0", func(a string) { address <- a }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "redis://" + <-address
}

func TestEmbedded(t *testing.T) { fulfils(t, embedded(t), 0) }

// fulfils runs both contracts against a server.
func fulfils(t *testing.T, url string, late time.Duration) {
	t.Helper()
	contract(t, opener(t, url), wait, late)
	serverContract(t, url)
}

func opener(t *testing.T, url string) func(time.Duration) Store {
	return func(ttl time.Duration) Store {
		s, err := Open(Options{Use: url, TTL: ttl})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func reachable(t *testing.T, open func(time.Duration) Store) {
	t.Helper()
	s := open(0)
	defer s.Close()
	var err error
	for range 200 {
		if _, _, err = s.Load(context.Background(), &Access{ID: "ping"}); err == nil {
			return
		}
		wait(25 * time.Millisecond)
	}
	t.Fatal("the server did not answer within 5 s: ", err)
}

func reservedPort(t *testing.T) string {
	p, err := port.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	_, number, _ := net.SplitHostPort(p.Address)
	return number
}

func TestServerGoneIsAnError(t *testing.T) {
	for _, url := range []string{"redis://127.0.0.1:1", "memcached://127.0.0.1:1", "postgres://u@127.0.0.1:1/d"} {
		s := opener(t, url)(0)
		if _, _, err := s.Load(context.Background(), &Access{ID: "a"}); err == nil {
			t.Errorf("%s: no error from a server that is not there", url)
		}
		s.Close()
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, o := range []Options{{Use: "mysql://h:1"}, {Use: "memcached://h"}, {Use: "memcached://127.0.0.1:1", TTL: 1000 * time.Hour},
		{Use: "redis://127.0.0.1:1", Codec: "xml"}} {
		if s, err := Open(o); err == nil {
			t.Errorf("%+v: opened %T", o, s)
		}
	}
}
