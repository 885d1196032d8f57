package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// contract is what every store promises; late is how much longer than its TTL a record may live.
func contract(t *testing.T, open func(ttl time.Duration) Store, pass func(time.Duration), late time.Duration) {
	ctx := context.Background()
	s := open(0)
	defer s.Close()
	t.Run("not found", func(t *testing.T) {
		if _, found, err := s.Load(ctx, "nobody"); found || err != nil {
			t.Fatalf("found %v, err %v", found, err)
		}
	})
	t.Run("round trip", func(t *testing.T) {
		want := Record{Owner: wire.SessionID{User: 3, Session: 4}, Epoch: 1 << 63, Version: 7, Head: ^uint64(0)}
		if _, _, err := s.Update(ctx, "a", func(Record, bool) Record { return want }); err != nil {
			t.Fatal(err)
		}
		if got, found, err := s.Load(ctx, "a"); got != want || !found || err != nil {
			t.Fatalf("got %+v, %v, %v", got, found, err)
		}
	})
	t.Run("concurrent writers", func(t *testing.T) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 10 {
					if _, _, err := s.Update(ctx, "b", func(r Record, _ bool) Record { r.Version++; return r }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got, _, _ := s.Load(ctx, "b"); got.Version != 40 {
			t.Fatalf("version %d after 40 writes", got.Version)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if _, _, err := s.Load(ended, "a"); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("ttl", func(t *testing.T) {
		s := open(time.Second)
		defer s.Close()
		if _, _, err := s.Update(ctx, "c", func(Record, bool) Record { return Record{Epoch: 1} }); err != nil {
			t.Fatal(err)
		}
		pass(700 * time.Millisecond)
		if _, found, _ := s.Load(ctx, "c"); !found {
			t.Fatal("gone before its time")
		}
		pass(700 * time.Millisecond)
		if _, found, _ := s.Load(ctx, "c"); !found {
			t.Fatal("use did not extend its life")
		}
		pass(1100*time.Millisecond + late)
		if _, found, _ := s.Load(ctx, "c"); found {
			t.Fatal("still there after its time")
		}
	})
}

func TestMemory(t *testing.T) {
	now := clock.Time(1)
	contract(t, func(ttl time.Duration) Store {
		m := NewMemory(ttl)
		m.now = func() clock.Time { return now }
		return m
	}, func(d time.Duration) { now = now.Add(d) }, 0)
}

func TestMemoryEvicts(t *testing.T) {
	m, now := NewMemory(time.Second), clock.Time(1)
	m.now = func() clock.Time { return now }
	for i := range 1000 {
		now = now.Add(10 * time.Millisecond)
		_, _, _ = m.Update(context.Background(), fmt.Sprint(i), func(Record, bool) Record { return Record{Epoch: 1} })
	}
	if len(m.all) > 250 {
		t.Fatalf("%d records held, about 100 are alive", len(m.all))
	}
}

// wait lets real servers' clocks pass.
func wait(d time.Duration) { _ = clock.Sleep(context.Background(), d) }

func TestEmbedded(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	ended, address := make(chan error, 1), make(chan string, 1)
	go func() { ended <- Serve(ctx, "127.0.0.1:0", func(a string) { address <- a }) }()
	url := "redis://" + <-address
	contract(t, opener(t, url), wait, 0)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestServerGoneAndBack(t *testing.T) {
	address := "127.0.0.1:" + freePort(t)
	s := opener(t, "redis://"+address)(0)
	defer s.Close()
	for range 2 {
		ctx, stop := context.WithCancel(context.Background())
		ended, ready := make(chan error, 1), make(chan string, 1)
		go func() { ended <- Serve(ctx, address, func(a string) { ready <- a }) }()
		<-ready
		if _, _, err := s.Update(ctx, "a", func(Record, bool) Record { return Record{Epoch: 1} }); err != nil {
			t.Fatal(err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Load(context.Background(), "a"); err == nil {
			t.Fatal("no error from a server that is gone")
		}
	}
}

func opener(t *testing.T, url string) func(time.Duration) Store {
	return func(ttl time.Duration) Store {
		s, err := Open(url, ttl)
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
	for range 200 {
		if _, _, err := s.Load(context.Background(), "ping"); err == nil {
			return
		}
		wait(25 * time.Millisecond)
	}
	t.Fatal("the server did not answer within 5 s")
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func TestServerGoneIsAnError(t *testing.T) {
	for _, url := range []string{"redis://127.0.0.1:1", "memcached://127.0.0.1:1", "postgres://u@127.0.0.1:1/d"} {
		s := opener(t, url)(0)
		if _, _, err := s.Load(context.Background(), "a"); err == nil {
			t.Errorf("%s: no error from a server that is not there", url)
		}
		s.Close()
	}
}
