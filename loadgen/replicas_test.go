package loadgen

import (
	"bufio"
	"net"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// named answers with the instance's name.
func named(t *testing.T, instance string) net.Listener {
	return serve(t, func(c net.Conn, r *bufio.Reader) {
		for request(r) {
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + wire.HeaderInstance + ": " + instance + "\r\n\r\n"))
		}
	})
}

// replicated: a new connection goes where the request says, a kept one stays where it leads.
func replicated(t *testing.T, start engineMaker) {
	first, second := named(t, "a"), named(t, "b")
	c := client(t, start, first, settings{others: []*url.URL{{Scheme: "http", Host: second.Addr().String()}}})
	for n, step := range []struct {
		request Request
		replica uint8
		from    string
		fresh   bool
	}{
		{Request{KeepAlive: true, Replica: 1}, 1, "b", true},
		{Request{KeepAlive: true, Replica: 0}, 1, "b", false},
		{Request{Replica: 0}, 0, "a", true},
		{Request{Replica: 1}, 1, "b", true},
		{Request{KeepAlive: true, Lane: 1, Replica: 0}, 0, "a", true},
	} {
		r := c.ask(&step.request)
		if r.Failure != results.Answered || r.Replica != step.replica || string(r.Answer.Instance) != step.from || r.ConnNew != step.fresh {
			t.Errorf("step %d: failure %d, replica %d, answered by %s, new connection %v; want %+v", n, r.Failure, r.Replica, r.Answer.Instance, r.ConnNew, step)
		}
	}
}

// halfDead: a replica that refuses connections is named as the one that was asked, and nobody else is asked instead.
func halfDead(t *testing.T, start engineMaker) {
	first, second := named(t, "a"), listen(t)
	second.Close()
	c := client(t, start, first, settings{others: []*url.URL{{Scheme: "http", Host: second.Addr().String()}}})
	for n, step := range []struct {
		request Request
		failure results.Failure
	}{
		{Request{KeepAlive: true, Replica: 1}, results.ConnectRefused},
		{Request{KeepAlive: true, Replica: 0}, results.Answered},
		{Request{Lane: 1, Replica: 1}, results.ConnectRefused},
	} {
		r := c.ask(&step.request)
		if r.Failure != step.failure || r.Replica != step.request.Replica || !r.ConnNew {
			t.Errorf("step %d: failure %d of replica %d, new connection %v; want %+v", n, r.Failure, r.Replica, r.ConnNew, step)
		}
	}
}

// reopening opens a connection for every request.
type reopening struct{ fake }

func (r *reopening) Send(q *Request) {
	q.ConnNew = true
	r.fake.Send(q)
}

// refusing is that with the second replica dead.
type refusing struct{ reopening }

func (r *refusing) Send(q *Request) {
	r.reopening.Send(q)
	if q.Replica == 1 {
		q.Failure, q.Status = results.ConnectRefused, 0
	}
}

func playReplicas(t *testing.T, e *profiles.Experiment, shards int, replicas uint8) map[wire.SessionID][]uint8 {
	t.Helper()
	return playEngine(t, e, shards, replicas, func() Engine { return &reopening{} })
}

func playEngine(t *testing.T, e *profiles.Experiment, shards int, replicas uint8, engine func() Engine) map[wire.SessionID][]uint8 {
	t.Helper()
	seen := map[wire.SessionID][]uint8{}
	for i := range shards {
		var all list
		s := newShard(Options{Plan: profiles.NewPlan(e), Experiment: e}, i, shards)
		s.engine, s.log, s.jars, s.replicas = engine(), &all, newJars(site{host: "h", path: "/"}), replicas
		if err := s.play(t.Context()); err != nil {
			t.Fatal(err)
		}
		slices.SortStableFunc(all, func(a, b results.Exchange) int { return int(a.Seq) - int(b.Seq) })
		for _, x := range all {
			seen[x.ID] = append(seen[x.ID], x.Replica)
		}
	}
	return seen
}

func TestNewConnectionsGoRoundTheReplicas(t *testing.T) {
	e := profiles.Default()
	e.Duration = profiles.Duration(20 * time.Second)
	one, two := playReplicas(t, e, 1, 3), playReplicas(t, e, 2, 3)
	began := map[uint8]int{}
	for id, replicas := range one {
		if !slices.Equal(replicas, two[id]) {
			t.Fatalf("session %s: %v by one shard, %v by two", id, replicas, two[id])
		}
		began[replicas[0]]++
		for n := 1; n < len(replicas); n++ {
			if replicas[n] != replicas[n-1]%3+1 {
				t.Fatalf("session %s: %v does not go round", id, replicas)
			}
		}
	}
	if least := len(one) / 6; len(one) < 60 || began[1] < least || began[2] < least || began[3] < least {
		t.Errorf("%d sessions began on %v", len(one), began)
	}
}

// As behind DNS round robin: a dead replica costs its turn, and nobody remembers that it was dead.
func TestADeadReplicaKeepsItsTurn(t *testing.T) {
	e := profiles.Default()
	e.Duration = profiles.Duration(20 * time.Second)
	alive := playReplicas(t, e, 1, 2)
	for id, replicas := range playEngine(t, e, 1, 2, func() Engine { return &refusing{} }) {
		if !slices.Equal(replicas, alive[id]) {
			t.Fatalf("session %s: %v with the second dead, %v with both alive", id, replicas, alive[id])
		}
	}
}

func TestOneReplicaIsNotRecorded(t *testing.T) {
	for id, replicas := range playReplicas(t, profiles.Default(), 1, 1) {
		if slices.Max(replicas) != 0 {
			t.Fatalf("session %s: %v", id, replicas)
		}
	}
}
