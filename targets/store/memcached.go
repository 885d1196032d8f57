package store

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

// memcachedServer counts lifetimes in whole seconds, so a record lives up to two seconds longer than
// its TTL, never shorter.
type memcachedServer struct {
	servers    *memcache.ServerList
	expiration int32
}

// longestRelative is where memcached starts to take an expiry for a date.
const longestRelative = 30 * 24 * time.Hour

// newMemcached takes memcached://HOST:PORT.
func newMemcached(url string, ttl time.Duration) (*memcachedServer, error) {
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
	return &memcachedServer{servers, expirySeconds(ttl)}, nil
}

// expirySeconds rounds up, and one more: the server's clock may tick right after the write.
func expirySeconds(ttl time.Duration) int32 {
	if ttl <= 0 {
		return 0
	}
	return int32((ttl+time.Second-1)/time.Second) + 1
}

// connect asks for the version, so that a server that is not there shows here.
func (s *memcachedServer) connect(ctx context.Context, dial dialer) (conn, error) {
	client := memcache.NewFromSelector(s.servers)
	client.Timeout, client.MaxIdleConns = patience, 1
	client.DialContext = func(_ context.Context, network, address string) (net.Conn, error) { return dial(ctx, network, address) }
	if err := client.Ping(); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &memcachedConn{client, s.expiration}, nil
}

func (s *memcachedServer) close() error { return nil }

type memcachedConn struct {
	client     *memcache.Client
	expiration int32
}

// get is gets, which gives the stamp, or gat, which extends the life.
func (c *memcachedConn) get(_ context.Context, key string, stamped bool) (value []byte, stamp uint64, found bool, err error) {
	var item *memcache.Item
	if stamped || c.expiration == 0 {
		item, err = c.client.Get(key)
	} else {
		item, err = c.client.GetAndTouch(key, c.expiration)
	}
	if errors.Is(err, memcache.ErrCacheMiss) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	return item.Value, item.CasID, true, nil
}

// put is cas, or add for a new record. memcached does not tell the stamp that it gives.
func (c *memcachedConn) put(_ context.Context, key string, value []byte, stamp uint64) (next uint64, saved bool, err error) {
	item := &memcache.Item{Key: key, Value: value, Expiration: c.expiration, CasID: stamp}
	if stamp != 0 {
		err = c.client.CompareAndSwap(item)
	} else {
		err = c.client.Add(item)
	}
	if lostRace(err) {
		return 0, false, nil
	}
	return 0, err == nil, err
}

// lostRace tells that another writer, or the expiry, came between.
func lostRace(err error) bool {
	return errors.Is(err, memcache.ErrCASConflict) || errors.Is(err, memcache.ErrNotStored) || errors.Is(err, memcache.ErrCacheMiss)
}

func (c *memcachedConn) close() { _ = c.client.Close() } // nothing of ours is left in it
