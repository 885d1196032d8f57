package targets

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/port"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/targets/backend"
	"github.com/stickybench/stickybench/targets/store"
)

// startedStore is the session store of a run.
type startedStore struct {
	url     string   // as the instances open it
	process *process // nil unless the run started it
	version string   // of a real server that the run started
	scratch string   // its files, removed at the end
}

// storeAnswer is how long a running store may take to answer the first request.
const storeAnswer = 5 * time.Second

// startStore starts the store, or takes the URL of a running one.
func (d *Deployment) startStore(ctx context.Context) error {
	program, throwaway := d.o.Experiment.Store.Throwaway()
	use, _ := d.o.Experiment.Store.Backing()
	switch {
	case use == "memory" || use == "replicated":
		d.store.url = use
		return nil
	case throwaway:
		return d.startServer(ctx, program)
	case use == "embedded":
		return d.startEmbedded(ctx)
	}
	d.store.url = use
	if err := reachable(ctx, use); err != nil {
		return fmt.Errorf("store %s does not answer: %w; start it, or use --store embedded", withoutPassword(use), err)
	}
	return nil
}

func (d *Deployment) startEmbedded(ctx context.Context) error {
	return d.onFreePort(func(free *port.Port) error {
		p, _, err := role(ctx, storeName, d.o.Self, "store", map[string]string{"listen": free.Address})
		if err == nil {
			d.started(p, "redis://"+free.Address)
		}
		return err
	})
}

func (d *Deployment) started(p *process, url string) {
	d.store.process, d.store.url = p, url
	d.watches.Go(func() { d.watchProcess(p) })
}

// startServer starts a throw-away server of its own on a free port, with its files in a private
// directory, under a guard that ends it with us.
func (d *Deployment) startServer(ctx context.Context, name string) error {
	row := lookupServer(name)
	program, err := row.find()
	if err != nil {
		return err
	}
	d.store.version = row.version(ctx, program)
	return d.onFreePort(func(p *port.Port) error {
		return d.startServerOn(ctx, row, program, p.Address)
	})
}

func (d *Deployment) startServerOn(ctx context.Context, row storeServer, program, address string) error {
	dir, err := socketDir()
	if err == nil {
		err = handOver(dir, row.account)
	}
	if err != nil {
		return fmt.Errorf("starting %s: %w", row.name, err)
	}
	args := append([]string{"serve", "guard", "--account", row.account, "--scratch", dir, "--"}, row.command(program, dir, address)...)
	p, err := launch(storeName, d.o.Self, args...)
	if err == nil {
		p.guard = true
		if err = p.serves(ctx, row.url(address)); err != nil {
			_ = p.stop(ctx, stopGrace) // the first error says more
		}
	}
	if err != nil {
		return errors.Join(fmt.Errorf("starting %s: %w", row.name, err), os.RemoveAll(dir))
	}
	d.store.scratch = dir
	d.started(p, row.url(address))
	return nil
}

// serves waits until the store answers.
func (p *process) serves(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		err := reachable(ctx, url)
		select {
		case <-p.done:
			return p.exited()
		default:
		}
		if err == nil {
			return nil
		}
		if clock.Sleep(ctx, probeEvery) != nil {
			return fmt.Errorf("no answer after %v (%w); its last words: %s", readyTimeout, err, p.stderr)
		}
	}
}

// stopStore ends the store and removes its files; the guard has done so unless it was killed.
func (d *Deployment) stopStore(ctx context.Context) error {
	err := d.stopProcess(ctx, d.store.process)
	if d.store.scratch != "" {
		err = errors.Join(err, os.RemoveAll(d.store.scratch))
	}
	return err
}

// reachable asks the store at address once.
func reachable(ctx context.Context, address string) (err error) {
	s, err := store.Open(store.Options{Use: address})
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, storeAnswer)
	defer cancel()
	_, _, err = s.Load(asking, &store.Access{ID: "stickybench-reachable"})
	return errors.Join(err, s.Close())
}

// withoutPassword is the address as a report may show it.
func withoutPassword(address string) string {
	at := max(0, strings.Index(address, "://"))
	scheme := strings.LastIndexByte(address[:at], ':') + 1 // after sticky-cache:
	if u, err := url.Parse(address[scheme:]); err == nil && u.User != nil {
		return address[:scheme] + u.Redacted()
	}
	return address
}

// introduce tells every instance of a replicated store where the others are, in a ring: each copies
// to the next. An instance that is down is told when it is back.
func (d *Deployment) introduce(ctx context.Context) {
	for k, i := range d.instances {
		if _, p := i.is(); p == nil {
			continue
		}
		peers := url.Values{}
		for n := 1; n < len(d.instances); n++ {
			if next := d.instances[(k+n)%len(d.instances)]; next.endpoint() != "" {
				peers.Add("url", next.endpoint())
			}
		}
		if err := d.control.order(ctx, http.MethodPost, i.endpoint()+"/peers?"+peers.Encode()); err != nil && ctx.Err() == nil {
			d.record.warn(fmt.Sprintf("%s was not told its peers: %v", i.name(), err))
		}
	}
}

// storeOptions is the store as the k-th instance reaches it.
func (d *Deployment) storeOptions(k int) store.Options {
	e := d.o.Experiment
	_, cached := e.Store.Backing()
	return store.Options{
		Use: d.store.url, Cached: cached, TTL: e.Scale(e.Store.TTL), Codec: e.Store.Codec,
		Distance: e.Store.DistanceFrom(e.Backends.Zone(k)), Seed: e.Seed + uint64(k),
	}
}

func sessionOf(s profiles.Store) backend.Session {
	return backend.Session{Size: int(s.Size), Operations: s.Operations, WriteThrough: s.Touch == "write-through"}
}

// virtualCores is 0 where instances burn real CPU time.
func virtualCores(b profiles.Backends) float64 {
	if !b.Virtual() {
		return 0
	}
	if b.Cores == 0 {
		return 1
	}
	return b.Cores
}
