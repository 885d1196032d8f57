package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Postgres keeps records in the table stickybench_session of a PostgreSQL database.
type Postgres struct {
	pool *pgxpool.Pool
	ttl  time.Duration
}

var _ Store = (*Postgres)(nil)

const (
	// createTable runs on every new connection. The lock is needed: two sessions that create one
	// table at the same time collide in the catalogue in spite of IF NOT EXISTS.
	createTable = `BEGIN;
SELECT pg_advisory_xact_lock(7827392);
CREATE TABLE IF NOT EXISTS stickybench_session (
	id text PRIMARY KEY, stamp bigint NOT NULL, data bytea NOT NULL, expires timestamptz NOT NULL);
COMMIT`
	readRow   = `SELECT stamp, data FROM stickybench_session WHERE id = $1 AND expires > clock_timestamp()`
	extendRow = `UPDATE stickybench_session SET expires = clock_timestamp() + $2
WHERE id = $1 AND expires > clock_timestamp() RETURNING stamp, data`
	// writeRow takes effect only on the row that was read, or where none lives.
	writeRow = `INSERT INTO stickybench_session AS s (id, stamp, data, expires)
VALUES ($1, $2, $3, CASE WHEN $4 > interval '0' THEN clock_timestamp() + $4 ELSE 'infinity' END)
ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, data = excluded.data, expires = excluded.expires
WHERE s.stamp = $5 OR s.expires <= clock_timestamp()`
)

// NewPostgres connects when first used; url is postgres://USER@HOST:PORT/DATABASE.
func NewPostgres(url string, ttl time.Duration) (*Postgres, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil { // its text is without the password
		return nil, fmt.Errorf("store: %w; use postgres://USER@HOST:PORT/DATABASE", err)
	}
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.PgConn().Exec(ctx, createTable).ReadAll()
		return err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &Postgres{pool, ttl}, nil
}

// Load is one SELECT, or one UPDATE … RETURNING when records expire.
func (s *Postgres) Load(ctx context.Context, id string) (r Record, found bool, err error) {
	if s.ttl > 0 {
		r, _, found, err = row(s.pool.QueryRow(ctx, extendRow, id, s.ttl))
	} else {
		r, _, found, err = row(s.pool.QueryRow(ctx, readRow, id))
	}
	return r, found, err
}

func row(answer pgx.Row) (r Record, stamp int64, found bool, err error) {
	var data []byte
	err = answer.Scan(&stamp, &data)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, 0, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		return Record{}, 0, false, fmt.Errorf("loading a session: %w", err)
	}
	return r, stamp, true, nil
}

// Update is SELECT and a conditional upsert, again when another writer came between.
func (s *Postgres) Update(ctx context.Context, id string, change func(Record, bool) Record) (before, after Record, err error) {
	for range attempts {
		before, stamp, found, err := row(s.pool.QueryRow(ctx, readRow, id))
		if err != nil {
			return before, after, err
		}
		after = change(before, found)
		saved, err := s.save(ctx, id, stamp, after)
		if err != nil || saved {
			return before, after, wrap(err)
		}
	}
	return before, after, fmt.Errorf("saving a session: %w", ErrBusy)
}

// save stamps each version at random; 0 never occurs, so that it can stand for no row.
func (s *Postgres) save(ctx context.Context, id string, stamp int64, r Record) (bool, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return false, err
	}
	tag, err := s.pool.Exec(ctx, writeRow, id, 1+rand.Int64N(math.MaxInt64), data, s.ttl, stamp)
	return tag.RowsAffected() == 1, err
}

// Close closes the connection pool.
func (s *Postgres) Close() error {
	s.pool.Close()
	return nil
}
