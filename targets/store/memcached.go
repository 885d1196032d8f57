package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// Memcached keeps records in a memcached server. It counts lifetimes in whole seconds, so a record
// lives up to two seconds longer than its TTL, never shorter.
type Memcached struct {
	client     *memcache.Client
	expiration int32
	underWay   sync.WaitGroup
}

var _ Store = (*Memcached)(nil)

const (
	// memcachedTimeout bounds one operation; gomemcache knows no contexts.
	memcachedTimeout = 5 * time.Second
	// idleConnections spare an instance a new connection for every burst.
	idleConnections = 64
	// longestRelative is where memcached starts to take an expiry for a date.
	longestRelative = 30 * 24 * time.Hour
)

// NewMemcached connects when first used; url is memcached://HOST:PORT.
func NewMemcached(url string, ttl time.Duration) (*Memcached, error) {
	address := strings.TrimPrefix(url, "memcached://")
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("store %q: %w; use memcached://HOST:PORT", url, err)
	}
	if ttl > longestRelative {
		return nil, fmt.Errorf("store %q: memcached keeps nothing longer than 30 days; use a ttl below, or 0 for ever", url)
	}
	servers := new(memcache.ServerList)
	if err := servers.SetServers(address); err != nil {
		return nil, fmt.Errorf("store %q: %w; use memcached://HOST:PORT", url, err)
	}
	client := memcache.NewFromSelector(servers)
	client.Timeout, client.MaxIdleConns = memcachedTimeout, idleConnections
	return &Memcached{client: client, expiration: expirySeconds(ttl)}, nil
}

// expirySeconds rounds up, and one more: the server's clock may tick right after the write.
func expirySeconds(ttl time.Duration) int32 {
	if ttl <= 0 {
		return 0
	}
	return int32((ttl+time.Second-1)/time.Second) + 1
}

// Load is one gets, or gat when records expire.
func (s *Memcached) Load(ctx context.Context, id string) (r Record, found bool, err error) {
	item, err := s.item(ctx, func() (*memcache.Item, error) {
		if s.expiration > 0 {
			return s.client.GetAndTouch(keyPrefix+id, s.expiration)
		}
		return s.client.Get(keyPrefix + id)
	})
	return parse(item, err)
}

func parse(item *memcache.Item, err error) (r Record, found bool, _ error) {
	if errors.Is(err, memcache.ErrCacheMiss) {
		return r, false, nil
	}
	if err == nil {
		err = json.Unmarshal(item.Value, &r)
	}
	if err != nil {
		return Record{}, false, fmt.Errorf("loading a session: %w", err)
	}
	return r, true, nil
}

// item runs one operation and stops waiting for it when ctx ends; it then goes on for at most
// memcachedTimeout.
func (s *Memcached) item(ctx context.Context, operation func() (*memcache.Item, error)) (*memcache.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type answer struct {
		item *memcache.Item
		err  error
	}
	answered := make(chan answer, 1)
	s.underWay.Go(func() {
		item, err := operation()
		answered <- answer{item, err}
	})
	select {
	case a := <-answered:
		return a.item, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Update is gets and cas, or add for a new record, again when another writer came between.
func (s *Memcached) Update(ctx context.Context, id string, change func(Record, bool) Record) (before, after Record, err error) {
	for range attempts {
		item, err := s.item(ctx, func() (*memcache.Item, error) { return s.client.Get(keyPrefix + id) })
		before, found, err := parse(item, err)
		if err != nil {
			return before, after, err
		}
		if !found {
			item = &memcache.Item{Key: keyPrefix + id}
		}
		after = change(before, found)
		if err = s.save(ctx, item, found, after); !lostRace(err) {
			return before, after, wrap(err)
		}
	}
	return before, after, fmt.Errorf("saving a session: %w", ErrBusy)
}

func (s *Memcached) save(ctx context.Context, item *memcache.Item, found bool, r Record) (err error) {
	if item.Value, err = json.Marshal(r); err != nil {
		return err
	}
	item.Expiration = s.expiration
	_, err = s.item(ctx, func() (*memcache.Item, error) {
		if found {
			return nil, s.client.CompareAndSwap(item)
		}
		return nil, s.client.Add(item)
	})
	return err
}

// lostRace tells that another writer, or the expiry, came between.
func lostRace(err error) bool {
	return errors.Is(err, memcache.ErrCASConflict) || errors.Is(err, memcache.ErrNotStored) || errors.Is(err, memcache.ErrCacheMiss)
}

// Close waits for operations that nobody waits for any more.
func (s *Memcached) Close() error {
	s.underWay.Wait()
	return s.client.Close()
}
