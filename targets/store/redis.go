package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// redisServer speaks the Redis protocol, with a real server or the embedded one. A value begins with
// its stamp of 8 bytes.
type redisServer struct {
	options redis.Options
	ttl     time.Duration
}

// compareAndSet makes a write one round trip: WATCH, GET, MULTI and EXEC would be three.
const compareAndSet = `if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1`

const stampBytes = 8

// newRedis takes redis://HOST:PORT[/DB], or rediss:// for TLS.
func newRedis(url string, ttl time.Duration) (*redisServer, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("store %q: %w; use redis://HOST:PORT", url, err)
	}
	logging.Disable()                             // every error is returned too
	o.MaxRetries, o.DialerRetries = -1, 1         // a hidden retry would count as store latency
	o.PoolSize, o.ContextTimeoutEnabled = 2, true // one is used; with one, the first failure starts a dialer that outlives Close
	o.ReadTimeout, o.WriteTimeout = -1, -1        // the context is the limit
	o.DisableIdentity, o.Protocol = true, 2
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &redisServer{*o, ttl}, nil
}

// connect loads the script, so that every operation is one round trip.
func (s *redisServer) connect(ctx context.Context, dial dialer) (conn, error) {
	o := s.options
	if o.TLSConfig == nil {
		o.Dialer = dial
	} else {
		o.Dialer = overTLS(o.TLSConfig, dial)
	}
	client := redis.NewClient(&o)
	script, err := client.ScriptLoad(ctx, compareAndSet).Result()
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &redisConn{client, script, s.ttl}, nil
}

func (s *redisServer) close() error { return nil }

type redisConn struct {
	client *redis.Client
	script string
	ttl    time.Duration
}

// get is GET, or GETEX when records expire.
func (c *redisConn) get(ctx context.Context, key string, _ bool) (value []byte, stamp uint64, found bool, err error) {
	var text []byte
	if c.ttl > 0 {
		text, err = c.client.GetEx(ctx, key, c.ttl).Bytes()
	} else {
		text, err = c.client.Get(ctx, key).Bytes()
	}
	switch {
	case errors.Is(err, redis.Nil):
		return nil, 0, false, nil
	case err != nil:
		return nil, 0, false, err
	case len(text) < stampBytes:
		return nil, 0, false, fmt.Errorf("%d bytes under %s are no session of ours", len(text), key)
	}
	return text[stampBytes:], binary.BigEndian.Uint64(text), true, nil
}

// put is one EVALSHA.
func (c *redisConn) put(ctx context.Context, key string, value []byte, stamp uint64) (next uint64, saved bool, err error) {
	expected, next := "", newStamp()
	if stamp != 0 {
		expected = string(binary.BigEndian.AppendUint64(nil, stamp))
	}
	text := append(binary.BigEndian.AppendUint64(make([]byte, 0, stampBytes+len(value)), next), value...)
	life := int64(0)
	if c.ttl > 0 {
		life = max(1, c.ttl.Milliseconds())
	}
	done, err := c.client.EvalSha(ctx, c.script, []string{key}, expected, text, strconv.FormatInt(life, 10)).Int()
	return next, done == 1, err
}

func (c *redisConn) close() { _ = c.client.Close() } // nothing of ours is left in it

// newStamp is random and never 0, which means that no value is there; it fits PostgreSQL's bigint.
func newStamp() uint64 { return 1 + rand.Uint64N(1<<63-1) }
