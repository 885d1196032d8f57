package loadgen

import (
	"errors"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// BenchmarkExchange is one request with cookies, histograms and recording; the server is in the
// same process, so the figure holds both ends, but allocations are ours alone.
func BenchmarkExchange(b *testing.B) {
	for _, engine := range []string{"auto", "portable"} {
		b.Run(engine, func(b *testing.B) { benchmarkExchange(b, engine) })
	}
}

func benchmarkExchange(b *testing.B, engine string) {
	s := benchShard(b, engine)
	b.ReportAllocs()
	b.ResetTimer()
	s.exchange(b, b.N)
	b.StopTimer()
}

// benchShard is a shard with 16 users of endless sessions, at the point where all buffers have grown.
func benchShard(b *testing.B, engine string) *shard {
	e := profiles.Default()
	e.Duration, e.Warmup, e.Load = profiles.Duration(time.Hour), 0, profiles.Load{Users: 16, Timeout: e.Load.Timeout, Engine: engine}
	forever := profiles.Constant(1 << 30)
	e.Mix = profiles.Mix{Name: "bench", Profiles: []profiles.Weighted{{Share: 1, Profile: profiles.Profile{Name: "bench", Requests: forever}}}}
	dir, err := results.Create(b.TempDir() + "/run")
	if err != nil {
		b.Fatal(err)
	}
	log, err := dir.ExchangeLog()
	if err != nil {
		b.Fatal(err)
	}
	s := newShard(Options{Plan: profiles.NewPlan(e), Experiment: e, Start: clock.Now()}, 0, 1)
	s.log, s.jars, s.told = log.Buffer(), newJars(site{host: "127.0.0.1", path: "/"}), true
	if s.engine, err = newEngine(settled(b, canned(b), e)); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(s.engine.Close(), log.Close()); err != nil {
			b.Error(err)
		}
	})
	s.advance()
	s.exchange(b, 5000)
	return s
}

// exchange plays until n more requests are done.
func (s *shard) exchange(b *testing.B, n int) {
	var done []*Request
	for target := s.tally.sent + uint64(n); s.tally.sent < target && s.err == nil; {
		done = s.turn(s.engine.Now(), done[:0])
	}
	if s.err != nil {
		b.Fatal(s.err)
	}
}

// canned answers every read with the same bytes, without allocating.
func canned(b *testing.B) *url.URL {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: mark=b1; Path=/\r\nStickybench-Instance: b1\r\n\r\nok")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buffer := make([]byte, 4096)
				for {
					if _, err := c.Read(buffer); err != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
				}
			}()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/"}
}
