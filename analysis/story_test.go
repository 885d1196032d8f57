package analysis

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// A story is a run in plain text, one event a line:
//
//	mechanism stay|home|none [key=address] [ttl=30s] [absolute] [detection=1s] [disruption=minimal]
//	1s u1 b1                     user 1 is answered by b1
//	1s u1 b1 POST e=7 v=1 h=9    a write; state: epoch, version, head (a plain answer keeps the last)
//	1s u1 error                  no answer
//	1s u1 b1 dropped|doubled|moved|warm|owner=u2|long=2s|parallel|sent=3|received=4 (markers)
//	2s down b1                   also up, failing, draining, slow, removed, added, and kept: down, memory kept
//	weights 10 10 10 1           of b1 to b4; 1 each without
//	front                        users come to a balancer before it
//	replicas 2                   the balancer has so many; a line says via=2
//	2s blind lb2 b3              also sees: again
//	2s serve b1 u1 new|POST nonce=5
//	2s log u1 b2,b1 seq=2 took=5ms tries=3ms retries=1|cut   what the balancer logged
//	want affinity.broken_sessions=1 verdict=fail failover.family@stay=1 (a label begins so)
//
// Names b1 to b4 are the instances. Lines of one user come in order of completion. Each story is judged
// twice: with all sessions kept to the end, and with each forgotten three seconds after its last line.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/stories/*.txt")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d stories, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) { tell(t, path) })
	}
}

// start is second 0 of every story: zero times mean "did not happen".
const start = clock.Time(1e15)

// forever forgets nothing.
var forever = patience{least: math.MaxInt, most: math.MaxInt}

type teller struct {
	in        input
	exchanges []results.Exchange
	serves    []results.Serve
	logged    []results.Access
	state     map[uint32]results.Exchange
}

func tell(t *testing.T, path string) {
	s, wants := parse(t, path)
	check(t, mustJudge(t, s.in), wants)
	s.markLast()
	s.in.patience = patience{grace: 3 * time.Second, most: math.MaxInt}
	check(t, mustJudge(t, s.in), wants)
}

// read is a story's run without what it wants.
func read(t *testing.T, path string) input {
	s, _ := parse(t, path)
	return s.in
}

func parse(t *testing.T, path string) (s *teller, wants []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s = newTeller()
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		words := strings.Fields(scanner.Text())
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if words[0] == "want" {
			wants = append(wants, words[1:]...)
			continue
		}
		if err := s.line(words); err != nil {
			t.Fatalf("%q: %v", scanner.Text(), err)
		}
	}
	if len(wants) == 0 {
		t.Fatal("a story that wants nothing")
	}
	s.in.serves = told(s.serves)
	if s.logged != nil {
		s.in.access = func() (accesses, error) { l := logLines(s.logged); return &l, nil }
	}
	return s, wants
}

// lines are ledgers in memory.
type lines []results.Serve

func told(serves []results.Serve) func() (ledgers, error) {
	return func() (ledgers, error) { return newLines(serves), nil }
}

func newLines(serves []results.Serve) *lines {
	l := lines(slices.Clone(serves))
	slices.SortStableFunc(l, func(a, b results.Serve) int { return int(a.End - b.End) })
	return &l
}

func (l *lines) End() (at clock.Time, more bool) {
	if len(*l) == 0 {
		return 0, false
	}
	return (*l)[0].End, true
}

func (l *lines) Next(s *results.Serve) (more bool, err error) {
	if len(*l) == 0 {
		return false, nil
	}
	*s, *l = (*l)[0], (*l)[1:]
	return true, nil
}

func (l *lines) Close() {}

// markLast flags the last line of each user.
func (s *teller) markLast() {
	last := map[wire.SessionID]*results.Exchange{}
	for i := range s.exchanges {
		last[s.exchanges[i].ID] = &s.exchanges[i]
	}
	for _, e := range last {
		e.Flags |= results.Last
	}
}

func newTeller() *teller {
	s := &teller{state: map[uint32]results.Exchange{}}
	s.in = input{name: "story", patience: forever, experiment: &profiles.Experiment{}, run: results.Run{Start: start, Measured: start, End: start.Add(time.Minute), Profiles: []string{"casual"}}}
	for i := range 4 {
		s.in.run.Instances = append(s.in.run.Instances, results.Instance{Name: fmt.Sprintf("b%d", i+1), Cores: 1})
	}
	s.in.exchanges = func(yield func(results.Exchange, error) bool) {
		for _, e := range s.exchanges {
			if !yield(e, nil) {
				return
			}
		}
	}
	return s
}

func (s *teller) line(words []string) error {
	if words[0] == "mechanism" {
		return s.mechanism(words[1:])
	}
	if words[0] == "weights" {
		return s.weights(words[1:])
	}
	if words[0] == "front" {
		s.in.run.Front = &results.Front{}
		return nil
	}
	if words[0] == "replicas" {
		return s.replicas(words[1])
	}
	at, err := time.ParseDuration(words[0])
	if err != nil {
		return err
	}
	switch now := start.Add(at); words[1] {
	case "down", "up", "failing", "draining":
		s.in.changes = append(s.in.changes, results.Change{Time: now, Instance: words[2], To: results.State(words[1]), Why: "fault"})
	case "slow":
		s.in.changes = append(s.in.changes, results.Change{Time: now, Instance: words[2], From: results.Up, To: results.Up, Why: "fault slow"})
	case "kept":
		s.in.changes = append(s.in.changes, results.Change{Time: now, Instance: words[2], To: results.Down, Why: "fault terminate", MemoryKept: true})
	case "removed", "added":
		s.in.changes = append(s.in.changes, poolChange(now, words[1], words[2])...)
	case "blind", "sees":
		s.in.changes = append(s.in.changes, results.Change{Time: now, Instance: words[2], Toward: words[3], Why: "fault blind"})
	case "serve":
		return s.serve(now, words[2:])
	case "log":
		return s.log(now, words[2:])
	default:
		return s.exchange(now, words[1:])
	}
	return nil
}

func (s *teller) weights(words []string) (err error) {
	for i, word := range words {
		if s.in.run.Instances[i].Weight, err = strconv.ParseFloat(word, 64); err != nil {
			return err
		}
	}
	return nil
}

func (s *teller) replicas(word string) error {
	of, err := strconv.Atoi(word)
	for n := range of {
		s.in.run.Replicas = append(s.in.run.Replicas, results.BalancerReplica{Name: profiles.ReplicaName(n, of)})
	}
	return err
}

func poolChange(now clock.Time, what, instance string) []results.Change {
	if what == "removed" {
		return []results.Change{{Time: now, Instance: instance, From: results.Up, To: results.Removed, Why: "fault remove"}}
	}
	return []results.Change{{Time: now, Instance: instance, From: results.Removed, To: results.Starting, Why: "fault add"},
		{Time: now, Instance: instance, From: results.Starting, To: results.Removed, Why: "fault add"},
		{Time: now, Instance: instance, From: results.Removed, To: results.Up, Why: "fault add"}}
}

func (s *teller) mechanism(words []string) error {
	m := &s.in.run.Mechanism
	m.Family, m.Key, m.Sliding = results.Family(words[0]), "cookie", true
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		d, _ := time.ParseDuration(value)
		switch name {
		case "key":
			m.Key = value
		case "ttl":
			m.TTL = d
		case "absolute":
			m.Sliding = false
		case "detection":
			m.Detection = d
		case "disruption":
			m.Disruption = value
		default:
			return fmt.Errorf("unknown word %q", word)
		}
	}
	return nil
}

func user(word string) (uint32, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(word, "u"), 10, 32)
	return uint32(n), err
}

func (s *teller) exchange(now clock.Time, words []string) error {
	u, err := user(words[0])
	if err != nil {
		return err
	}
	e := s.state[u]
	e.ID = wire.SessionID{User: u}
	if e.Owner = e.ID; e.Epoch == 0 {
		e.Epoch = uint64(u) + 1000
	}
	e.Seq++
	e.MarkerSent, e.MarkerReceived, e.Replica = 0, 0, 0
	e.Due, e.Sent, e.Done, e.Instance, e.Flags, e.Failure, e.Status = now, now, now.Add(time.Millisecond), words[1], 0, results.Answered, 200
	if words[1] == "error" {
		e.Instance, e.Failure, e.Status = "", results.Reset, 0
	}
	for _, word := range words[2:] {
		if err := apply(&e, word); err != nil {
			return err
		}
	}
	s.exchanges = append(s.exchanges, e)
	s.state[u] = e
	return nil
}

func apply(e *results.Exchange, word string) error {
	name, value, _ := strings.Cut(word, "=")
	n, _ := strconv.ParseUint(value, 10, 64)
	switch name {
	case "POST":
		e.Flags |= results.Write
	case "via":
		e.Replica = uint8(n)
	case "e":
		e.Epoch = n
	case "v":
		e.Version = uint32(n)
	case "h":
		e.Head = n
	case "dropped":
		e.Flags |= results.MarkerDropped
	case "doubled":
		e.Flags |= results.MarkerDoubled
	case "moved":
		e.Flags |= results.AddressChanged
	case "warm":
		e.Flags |= results.Warmup
	case "parallel":
		e.Flags |= results.Parallel
	case "owner":
		e.Owner.User, _ = user(value)
	case "sent":
		e.MarkerSent = n
	case "received":
		e.MarkerReceived = n
	case "long":
		d, _ := time.ParseDuration(value)
		e.Done = e.Sent.Add(d)
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}

func (s *teller) serve(now clock.Time, words []string) error {
	u, err := user(words[1])
	if err != nil {
		return err
	}
	l := results.Serve{ID: wire.SessionID{User: u}, Instance: words[0], Start: now, End: now.Add(time.Millisecond), Status: 200, Origin: results.Local}
	for _, word := range words[2:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "new":
			l.Origin = results.None
		case "seq":
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				return err
			}
			l.Seq = uint32(n)
		case "POST":
			l.Write = true
		case "nonce":
			l.Nonce, _ = strconv.ParseUint(value, 10, 64)
		default:
			return fmt.Errorf("unknown word %q", word)
		}
	}
	s.serves = append(s.serves, l)
	return nil
}

func check(t *testing.T, r *results.Report, wants []string) {
	t.Helper()
	for _, want := range wants {
		name, value, _ := strings.Cut(want, "=")
		if name == "verdict" {
			if string(r.Verdict) != value {
				t.Errorf("verdict %s %q, want %s", r.Verdict, r.Reasons, value)
			}
			continue
		}
		if base, label, ok := strings.Cut(name, "@"); ok {
			checkLabelled(t, r, base, label, value)
			continue
		}
		name, excused, _ := strings.Cut(name, "/")
		var labels map[string]string
		if excused != "" {
			labels = map[string]string{"excused": strconv.FormatBool(excused == "excused")}
		}
		m, ok := r.Find(name, labels)
		if value == "none" && !ok {
			continue
		}
		if number, err := strconv.ParseFloat(value, 64); err != nil || !ok || m.Value != number {
			t.Errorf("%s is %v (found %v), want %s; violations %+v", name, m.Value, ok, value, r.Violations)
		}
	}
}
