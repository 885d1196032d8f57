package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis keeps records in a server that speaks the Redis protocol: a real one or the embedded one.
type Redis struct {
	client *redis.Client
	ttl    time.Duration
}

var _ Store = (*Redis)(nil)

// NewRedis connects when first used; url is redis://HOST:PORT[/DB].
func NewRedis(url string, ttl time.Duration) (*Redis, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("store %q: %w; use redis://HOST:PORT", url, err)
	}
	o.MaxRetries, o.DialerRetries = -1, 1 // a hidden retry would count as store latency
	o.ContextTimeoutEnabled = true
	return &Redis{redis.NewClient(o), ttl}, nil
}

const keyPrefix = "stickybench:session:"

// Load is one GET, or GETEX when records expire.
func (s *Redis) Load(ctx context.Context, id string) (Record, bool, error) {
	if s.ttl > 0 {
		return decode(s.client.GetEx(ctx, keyPrefix+id, s.ttl))
	}
	return decode(s.client.Get(ctx, keyPrefix+id))
}

func decode(answer *redis.StringCmd) (r Record, found bool, err error) {
	text, err := answer.Bytes()
	if errors.Is(err, redis.Nil) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("loading a session: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, false, fmt.Errorf("loading a session: %w", err)
	}
	return r, true, nil
}

// attempts bounds how often an update is tried against other writers.
const attempts = 32

// Update is WATCH, GET and MULTI/SET/EXEC, again when another writer came between.
func (s *Redis) Update(ctx context.Context, id string, change func(Record, bool) Record) (before, after Record, err error) {
	key := keyPrefix + id
	step := func(tx *redis.Tx) error {
		var found bool
		if before, found, err = decode(tx.Get(ctx, key)); err != nil {
			return err
		}
		after = change(before, found)
		text, err := json.Marshal(after)
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, key, text, s.ttl).Err() })
		return err
	}
	for range attempts {
		err = s.client.Watch(ctx, step, key)
		if !errors.Is(err, redis.TxFailedErr) {
			return before, after, wrap(err)
		}
	}
	return before, after, fmt.Errorf("saving a session: %w", ErrBusy)
}

func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("saving a session: %w", err)
}

// Close closes the connection pool.
func (s *Redis) Close() error { return s.client.Close() }
