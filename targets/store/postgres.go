package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stickybench/stickybench/internal/clock"
)

// postgresServer keeps records in the table stickybench_session of a database. Reading skips rows
// that expired; a sweeper deletes them.
type postgresServer struct {
	config *pgx.ConnConfig
	ttl    time.Duration
	stop   context.CancelFunc
	swept  sync.WaitGroup
}

const (
	// createTable runs on every new connection. The lock is needed: two sessions that create one
	// table at the same time collide in the catalogue in spite of IF NOT EXISTS.
	createTable = `BEGIN;
SELECT pg_advisory_xact_lock(7827392);
CREATE TABLE IF NOT EXISTS stickybench_session (
	id text PRIMARY KEY, stamp bigint NOT NULL, data bytea NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS stickybench_session_expires ON stickybench_session (expires);
COMMIT`
	deleteExpired = `DELETE FROM stickybench_session WHERE expires <= clock_timestamp()`
	readRow       = `SELECT stamp, data FROM stickybench_session WHERE id = $1 AND expires > clock_timestamp()`
	extendRow     = `UPDATE stickybench_session SET expires = clock_timestamp() + $2
WHERE id = $1 AND expires > clock_timestamp() RETURNING stamp, data`
	newExpiry = `CASE WHEN $4 > interval '0' THEN clock_timestamp() + $4 ELSE 'infinity' END`
	addRow    = `INSERT INTO stickybench_session AS s (id, stamp, data, expires) VALUES ($1, $2, $3, ` + newExpiry + `)
ON CONFLICT (id) DO UPDATE SET stamp = excluded.stamp, data = excluded.data, expires = excluded.expires
WHERE s.expires <= clock_timestamp()`
	replaceRow = `UPDATE stickybench_session SET stamp = $2, data = $3, expires = ` + newExpiry + `
WHERE id = $1 AND stamp = $5 AND expires > clock_timestamp()`
)

// shortestSweep keeps the sweeper from mattering under lifetimes of milliseconds.
const shortestSweep = time.Second

// newPostgres takes postgres://USER@HOST:PORT/DATABASE.
func newPostgres(url string, ttl time.Duration) (*postgresServer, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil { // its text is without the password
		return nil, fmt.Errorf("store: %w; use postgres://USER@HOST:PORT/DATABASE", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &postgresServer{config: config, ttl: ttl, stop: stop}
	if ttl > 0 {
		s.swept.Go(func() { s.sweep(ctx) })
	}
	return s, nil
}

// sweep deletes what expired, once per lifetime; a sweep that fails is made up for by the next.
func (s *postgresServer) sweep(ctx context.Context) {
	for clock.Sleep(ctx, max(s.ttl, shortestSweep)) == nil {
		c, err := pgx.ConnectConfig(ctx, s.config.Copy())
		if err != nil {
			continue
		}
		_, _ = c.Exec(ctx, deleteExpired) // as above
		_ = c.Close(ctx)
	}
}

// connect prepares every statement, so that each operation is one round trip.
func (s *postgresServer) connect(ctx context.Context, dial dialer) (conn, error) {
	config := s.config.Copy()
	config.DialFunc = dial
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	_, err = c.PgConn().Exec(ctx, createTable).ReadAll()
	for _, statement := range []string{readRow, extendRow, addRow, replaceRow} {
		if err == nil {
			_, err = c.Prepare(ctx, statement, statement)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.Close(ctx))
	}
	return &postgresConn{c, s.ttl}, nil
}

// close ends the sweeper.
func (s *postgresServer) close() error {
	s.stop()
	s.swept.Wait()
	return nil
}

type postgresConn struct {
	c   *pgx.Conn
	ttl time.Duration
}

// get is one SELECT, or one UPDATE … RETURNING when records expire.
func (c *postgresConn) get(ctx context.Context, key string, _ bool) (value []byte, stamp uint64, found bool, err error) {
	if c.ttl > 0 {
		err = c.c.QueryRow(ctx, extendRow, key, c.ttl).Scan(&stamp, &value)
	} else {
		err = c.c.QueryRow(ctx, readRow, key).Scan(&stamp, &value)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, 0, false, nil
	}
	return value, stamp, err == nil, err
}

// put is one INSERT that only fills an empty place, or one UPDATE of the row that was read.
func (c *postgresConn) put(ctx context.Context, key string, value []byte, stamp uint64) (next uint64, saved bool, err error) {
	next = newStamp()
	if stamp == 0 {
		tag, err := c.c.Exec(ctx, addRow, key, int64(next), value, c.ttl)
		return next, tag.RowsAffected() == 1, err
	}
	tag, err := c.c.Exec(ctx, replaceRow, key, int64(next), value, c.ttl, int64(stamp))
	return next, tag.RowsAffected() == 1, err
}

// close says goodbye within the connection's deadline.
func (c *postgresConn) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = c.c.Close(ctx) // the link closes the connection below it
}
