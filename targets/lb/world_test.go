package lb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stickybench/stickybench/analysis"
	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// world is what users, instances and the pool do in one simulated run. Time is virtual, there are no
// sockets and no processes; the balancer's handler, its health checks, the run directory and the
// analysis are the real ones.
type world struct {
	mechanism  string
	family     results.Family // that is promised; empty = the mechanism's own
	sessions   int
	requests   int // per session
	every      time.Duration
	think      time.Duration // exponential
	ttl        time.Duration
	absolute   bool
	points     int
	parallel   int           // reads of each third step
	idle       time.Duration // once, in the middle of each session
	moves      bool          // each user changes its address in the middle
	perRequest bool          // a new connection for each request, otherwise after 5 s without one
	events     []event
}

// event is one change of the pool.
type event struct {
	at       time.Duration
	what     string // kill, start, freeze, thaw, error, unhealthy, heal, drain, undrain, add, remove, reload
	instance string
}

// steady is an ordinary quarter of a minute: four instances, nothing breaks.
func steady(mechanism string, sessions int) world {
	return world{mechanism: mechanism, sessions: sessions, requests: 10, every: 10 * time.Second / time.Duration(sessions), think: time.Second}
}

const (
	instances  = 4
	handling   = 2 * time.Millisecond
	patience   = time.Second // of a user
	writeShare = 0.3
	reuse      = 5 * time.Second // a connection is closed after so long without use
)

func checks() Health {
	return Health{Interval: 300 * time.Millisecond, Timeout: 200 * time.Millisecond, Rise: 2, Fall: 2}
}

// sim is one run of a world.
type sim struct {
	world     world
	seed      uint64
	rng       *rand.Rand // of the seeded fault
	start     clock.Time
	balancer  http.Handler
	routers   []*router
	instances map[string]*instance
	pool      []Instance
	flying    int // requests inside the balancer
	reloads   int

	mu        sync.Mutex
	exchanges []results.Exchange
	changes   []results.Change
}

func now() clock.Time { return clock.Time(time.Now().UnixNano()) }

func (w world) options() Options {
	return Options{Mechanism: w.mechanism, TTL: w.ttl, Absolute: w.absolute, Points: w.points, Health: checks()}
}

// promise is what the analysis is told of the mechanism, whatever the balancer really does.
func (w world) promise() results.Mechanism {
	for _, m := range Mechanisms() {
		if m.Name == w.mechanism {
			h := checks()
			m.Family = cmp.Or(w.family, m.Family)
			m.TTL, m.Sliding = w.ttl, w.ttl > 0 && !w.absolute
			m.Detection = h.Interval*time.Duration(h.Fall) + h.Timeout
			return m
		}
	}
	panic("no mechanism " + w.mechanism)
}

// simulate plays the world against a balancer with that fault and gives the report.
func simulate(t *testing.T, w world, seed uint64, fault seeded) *results.Report {
	t.Helper()
	s := &sim{world: w, seed: seed, rng: rand.New(rand.NewPCG(seed, 0xfa17)), instances: map[string]*instance{}}
	synctest.Test(t, func(*testing.T) { s.play(fault) })
	return s.judge(t)
}

func (s *sim) play(fault seeded) {
	ctx, cancel := context.WithCancel(context.Background())
	s.start = now()
	for n := range instances {
		s.enlist(fmt.Sprintf("b%d", n+1))
	}
	s.assemble(fault)
	var checking, playing sync.WaitGroup
	for _, r := range s.routers {
		checking.Go(func() { r.check(ctx, fault.health()) })
	}
	playing.Go(s.playEvents)
	for n := range s.world.sessions {
		playing.Go(func() { s.user(n) })
	}
	playing.Wait()
	cancel()
	checking.Wait()
}

func (s *sim) enlist(name string) {
	s.instances[name] = newInstance(name)
	s.pool = append(s.pool, Instance{Name: name, URL: "http://" + name})
}

// assemble builds the balancer as the fault wants it.
func (s *sim) assemble(fault seeded) {
	for n := range max(1, fault.replicas) {
		o := s.world.options()
		o.Instances, o.Seed = s.pool, s.seed
		if fault.options != nil {
			fault.options(&o, n)
		}
		r := newRouter(o, time.Now, func(in Instance) http.RoundTripper {
			if fault.dial != nil {
				return fault.dial(s.instances[in.Name])
			}
			return s.instances[in.Name]
		})
		if fault.affinity != nil {
			r.affinity = fault.affinity(s, r, r.affinity)
		}
		s.routers = append(s.routers, r)
	}
	s.balancer = s.counted(s.alternating())
	if fault.handler != nil {
		s.balancer = fault.handler(s, s.balancer)
	}
}

// alternating takes the replicas in turns.
func (s *sim) alternating() http.Handler {
	proxies, next := []*proxy{}, 0
	for _, r := range s.routers {
		proxies = append(proxies, newProxy(r, nil))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s.mu.Lock()
		next++
		p := proxies[next%len(proxies)]
		s.mu.Unlock()
		p.ServeHTTP(w, q)
	})
}

func (s *sim) counted(next http.Handler) http.Handler {
	count := func(by int) { s.mu.Lock(); s.flying += by; s.mu.Unlock() }
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		count(1)
		defer count(-1)
		next.ServeHTTP(w, q)
	})
}

// chance draws for a fault.
func (s *sim) chance(p float64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.Float64() < p
}

// judge writes the run directory and analyses it.
func (s *sim) judge(t *testing.T) *results.Report {
	t.Helper()
	dir, err := results.Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	report, err := analysis.Analyze(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Warnings) > 0 {
		t.Fatalf("the records are damaged: %q", report.Warnings)
	}
	return report
}

func (s *sim) write(dir *results.Dir) error {
	run := results.Run{Schema: results.RunSchema, Name: "proof", LB: "builtin", Mechanism: s.world.promise(), Seed: s.seed, Profiles: []string{"user"},
		Start: s.start, Measured: s.start, End: s.exchanges[len(s.exchanges)-1].Done}
	for _, in := range s.pool {
		run.Instances = append(run.Instances, results.Instance{Name: in.Name, Weight: 1, Cores: 1})
	}
	for _, c := range s.changes {
		if err := dir.WriteChange(c); err != nil {
			return err
		}
	}
	log, err := dir.ExchangeLog()
	if err != nil {
		return err
	}
	buffer := log.Buffer()
	for i := range s.exchanges {
		if err := buffer.Append(&s.exchanges[i]); err != nil {
			return err
		}
	}
	for _, err := range []error{buffer.Flush(), log.Close(), dir.WriteExperiment([]byte("name: proof\n")), dir.WriteRun(run)} {
		if err != nil {
			return err
		}
	}
	return errors.Join(s.writeLedgers(dir), dir.Seal())
}

func (s *sim) writeLedgers(dir *results.Dir) error {
	for _, i := range s.instances {
		ledger, err := results.OpenServeLog(dir.ServePath(i.name))
		if err != nil {
			return err
		}
		for n := range i.lines {
			if err := ledger.Append(&i.lines[n]); err != nil {
				return err
			}
		}
		if err := ledger.Close(); err != nil {
			return err
		}
	}
	return nil
}
