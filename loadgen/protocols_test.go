package loadgen

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

func each(t *testing.T, test func(t *testing.T, l spoken)) {
	for name, l := range languages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // much of it is waiting
			test(t, l)
		})
	}
}

func (s served) client(t *testing.T) *tester { return started(t, s.url, s.e) }

func TestProtocolsCarryRequestsAndAnswers(t *testing.T) {
	each(t, func(t *testing.T, l spoken) {
		cl := l.serve(t, echo).client(t)
		for seq, write := range []bool{false, true} {
			r := cl.ask(&Request{KeepAlive: true, Write: write, ID: wire.SessionID{User: 7, Session: 1}, Seq: uint32(seq), Nonce: 77})
			a := r.Answer
			if r.Failure != results.Answered || r.Status != 200 || r.Err != nil {
				t.Fatalf("failure %d, status %d, %v", r.Failure, r.Status, r.Err)
			}
			epoch := uint64(1)
			if write {
				epoch = 2
			}
			if string(a.Instance) != "b1" || a.Owner != r.ID || a.Version != r.Seq || a.Head != 77 || a.Epoch != epoch {
				t.Errorf("got %+v", a)
			}
			if r.Sent == 0 || r.FirstByte < r.Sent.Add(r.Connect) || r.Done < r.FirstByte {
				t.Errorf("sent %d, connect %d, first byte %d, done %d", r.Sent, r.Connect, r.FirstByte, r.Done)
			}
			var lines []string
			for line := range a.Cookies {
				lines = append(lines, string(line))
			}
			want := []string{"mark=b1; Path=/", "SBSESSION=x; Path=/"}
			if l.conversing && !r.ConnNew {
				want = nil // they came with the upgrade
			}
			if !slices.Equal(lines, want) {
				t.Errorf("cookies %q, want %q", lines, want)
			}
		}
	})
}

func TestProtocolsKeepAConnectionPerUser(t *testing.T) {
	each(t, func(t *testing.T, l spoken) {
		cl := l.serve(t, func(w http.ResponseWriter, r *http.Request) { echoAs(r.RemoteAddr, w, r) }).client(t)
		ask := func(slot, lane uint32) *Request {
			r := cl.ask(&Request{KeepAlive: true, Slot: slot, Lane: lane, Source: netip.AddrFrom4([4]byte{127, 1, 2, byte(3 + slot)})})
			if r.Failure != results.Answered {
				t.Fatal(r.Err)
			}
			return r
		}
		first, other, lane, again := ask(0, 0), ask(1, 0), ask(0, 1), ask(0, 0)
		if !first.ConnNew || !other.ConnNew || first.Conn == other.Conn {
			t.Errorf("two users: connections %d and %d", first.Conn, other.Conn)
		}
		if lane.ConnNew == l.multiplexed {
			t.Errorf("another lane: new %v", lane.ConnNew)
		}
		if again.ConnNew != l.renewed || !l.renewed && (again.Conn != first.Conn || again.Connect != 0) {
			t.Errorf("the next request: connection %d after %d, new %v, connecting took %v", again.Conn, first.Conn, again.ConnNew, again.Connect)
		}
		from, err := netip.ParseAddrPort(string(other.Answer.Instance))
		if err != nil || from.Addr() != other.Source {
			t.Errorf("comes from %s, want %s", other.Answer.Instance, other.Source)
		}
		cl.engine.Release(0)
		if r := ask(0, 0); !r.ConnNew {
			t.Error("a released user's connection is kept")
		}
		moved := cl.ask(&Request{KeepAlive: true, Slot: 1, Source: netip.AddrFrom4([4]byte{127, 9, 9, 9})})
		if !moved.ConnNew || moved.Failure != results.Answered {
			t.Errorf("with another address: new %v, %v", moved.ConnNew, moved.Err)
		}
		if r := cl.ask(&Request{Slot: 1, Source: moved.Source}); !r.ConnNew || r.Failure != results.Answered {
			t.Errorf("per request: new %v, %v", r.ConnNew, r.Err)
		}
	})
}

func TestProtocolsTimeOut(t *testing.T) {
	each(t, func(t *testing.T, l spoken) {
		s := l.serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(wire.HeaderSeq) == "1" {
				<-r.Context().Done()
				return
			}
			echo(w, r)
		})
		for name, firstByte := range map[string]time.Duration{"in all": 0, "first byte": 400 * time.Millisecond} {
			t.Run(name, func(t *testing.T) {
				s.e.Load.FirstByteTimeout = profiles.Duration(firstByte)
				cl := s.client(t)
				opened := cl.ask(&Request{KeepAlive: true}) // opens the connection, which may take its time
				deadline := clock.Now().Add(400 * time.Millisecond)
				if l.renewed {
					deadline = deadline.Add(2 * time.Second) // which it has to connect in
				}
				if firstByte > 0 {
					deadline = clock.Now().Add(time.Minute)
				}
				r := cl.ask(&Request{KeepAlive: true, Seq: 1, Deadline: deadline})
				if opened.Failure != results.Answered || r.Failure != results.TimedOut || r.Err == nil {
					t.Errorf("failures %d (%v) and %d (%v)", opened.Failure, opened.Err, r.Failure, r.Err)
				}
				after := cl.ask(&Request{KeepAlive: true, Seq: 2})
				if after.Failure != results.Answered || after.ConnNew == l.patient {
					t.Errorf("after it: failure %d, new %v, %v", after.Failure, after.ConnNew, after.Err)
				}
			})
		}
	})
}

func TestProtocolsSayWhyNothingCame(t *testing.T) {
	each(t, func(t *testing.T, l spoken) {
		s := l.serve(t, func(_ http.ResponseWriter, r *http.Request) {
			if r.Header.Get(wire.HeaderSeq) == "1" {
				panic(http.ErrAbortHandler)
			}
		})
		cl := s.client(t)
		if r := cl.ask(&Request{KeepAlive: true, Seq: 1}); r.Failure != results.Reset || r.Err == nil {
			t.Errorf("aborted: failure %d, %v", r.Failure, r.Err)
		}
		if r := cl.ask(&Request{KeepAlive: true, Seq: 2}); r.Failure != results.Answered {
			t.Errorf("after it: failure %d, %v", r.Failure, r.Err)
		}
		s.hangUp()
		cl.forsaken()
		if r := cl.ask(&Request{KeepAlive: true, Seq: 3}); r.Failure != results.Answered || !r.ConnNew {
			t.Errorf("closed while idle: failure %d, new %v, %v", r.Failure, r.ConnNew, r.Err)
		}
		s.stop()
		if r := s.client(t).ask(&Request{KeepAlive: true, Seq: 4}); r.Failure != results.ConnectRefused || r.Err == nil {
			t.Errorf("nobody there: failure %d, %v", r.Failure, r.Err)
		}
	})
}

func TestProtocolsCloseIdleConnections(t *testing.T) {
	each(t, func(t *testing.T, l spoken) {
		s := l.serve(t, echo)
		s.e.Load.IdleTimeout = profiles.Duration(20 * time.Millisecond)
		cl := s.client(t)
		cl.ask(&Request{KeepAlive: true})
		cl.forsaken()
		if r := cl.ask(&Request{KeepAlive: true}); r.Failure != results.Answered || !r.ConnNew {
			t.Errorf("failure %d, new %v, %v", r.Failure, r.ConnNew, r.Err)
		}
	})
}

// forsaken waits until the engine has noticed that no connection it keeps lives.
func (c *tester) forsaken() {
	for end := clock.Now().Add(20 * time.Second); c.engine.(*portable).pool.living() > 0; c.pass(5 * time.Millisecond) {
		if clock.Now() > end {
			c.t.Fatal("connections live on")
		}
	}
}

func (p *pool) living() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.kept {
		if c.link.alive() {
			n++
		}
	}
	return n
}

// pass lets time pass, for news from the server to arrive.
func (c *tester) pass(d time.Duration) {
	for end := clock.Now().Add(d); clock.Now() < end; {
		_ = c.engine.Wait(end, nil)
	}
}

func TestProtocolsEndWhenTheEngineCloses(t *testing.T) {
	each(t, func(t *testing.T, l spoken) {
		var arrived sync.WaitGroup
		arrived.Add(1)
		cl := l.serve(t, func(_ http.ResponseWriter, r *http.Request) {
			arrived.Done()
			<-r.Context().Done()
		}).client(t)
		cl.engine.Send(&Request{KeepAlive: true, Deadline: clock.Now().Add(time.Minute)})
		arrived.Wait()
		if err := cl.engine.Close(); err != nil {
			t.Fatal(err)
		}
		cl.closed = true
		if done := cl.engine.Wait(0, nil); len(done) != 1 || done[0].Failure != results.Canceled {
			t.Errorf("got %+v", done)
		}
	})
}

func TestProtocolsSendCookiesTheyWereGiven(t *testing.T) {
	each(t, func(t *testing.T, l spoken) {
		cl := l.serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set(wire.HeaderInstance, r.Header.Get("Cookie"))
		}).client(t)
		if r := cl.ask(&Request{KeepAlive: true, Cookie: []byte("mark=b1; SBSESSION=x")}); string(r.Answer.Instance) != "mark=b1; SBSESSION=x" {
			t.Errorf("the server saw %q, %v", r.Answer.Instance, r.Err)
		}
	})
}

// played is what one engine records of a few sessions, by nonce. All of them come to their end.
func played(t *testing.T, address string, e *profiles.Experiment) map[uint64]results.Exchange {
	t.Helper()
	e.Duration, e.Warmup, e.Speedup, e.Sessions, e.Load.Rate = profiles.Duration(time.Minute), 0, 1000, 30, 100
	e.Load.Timeout = e.Duration // a busy machine makes no difference
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var all list
	s := newShard(Options{Plan: profiles.NewPlan(e), Experiment: e, Start: clock.Now()}, 0, 1)
	s.log, s.told = &all, true
	s.jars = newJars(site{host: target.Hostname(), path: "/", secure: target.Scheme == "https"})
	if err := s.run(context.Background(), settled(t, target, e)); err != nil {
		t.Fatal(err)
	}
	byNonce := map[uint64]results.Exchange{}
	for _, x := range all {
		byNonce[x.Nonce] = x
	}
	return byNonce
}

func TestProtocolsPlayTheSameSessions(t *testing.T) {
	plain := cleartext(t, echo)
	want := played(t, plain.url, plain.e)
	if len(want) < 50 {
		t.Fatalf("only %d requests", len(want))
	}
	each(t, func(t *testing.T, l spoken) {
		s := l.serve(t, echo)
		sameSessions(t, want, played(t, s.url, s.e))
	})
}

// sameSessions compares what both played.
func sameSessions(t *testing.T, a, b map[uint64]results.Exchange) {
	t.Helper()
	if len(a) != len(b) {
		t.Errorf("%d and %d requests", len(a), len(b))
	}
	for nonce, x := range a {
		y := b[nonce]
		if x.ID != y.ID || x.Seq != y.Seq || x.Source != y.Source || x.Failure != y.Failure || x.MarkerSent != y.MarkerSent || x.Instance != y.Instance || x.Flags&results.Write != y.Flags&results.Write {
			t.Fatalf("%+v\n%+v", x, y)
		}
	}
}
