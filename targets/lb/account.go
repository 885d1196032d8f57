package lb

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// account is the access log: a line for each request, in the file at most flushEvery later and complete at the end.
type account struct {
	mu  sync.Mutex
	log *results.AccessLog
	err error // the first; the log ends there
}

const flushEvery = 100 * time.Millisecond

// openAccount is nil where no log is wanted.
func (o Options) openAccount() (*account, error) {
	if o.AccessLog == "" {
		return nil, nil
	}
	if err := os.MkdirAll(filepath.Dir(o.AccessLog), 0o755); err != nil {
		return nil, err
	}
	log, err := results.OpenAccessLog(o.AccessLog)
	return &account{log: log}, err
}

// enter writes what became of a request.
func (a *account) enter(t *trip, status int, took time.Duration) {
	r := t.request
	seq, _ := strconv.ParseUint(r.Header.Get(wire.HeaderSeq), 10, 32) // 0 for what is none of ours
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	line := results.Access{Time: clock.Now(), Client: client, Method: r.Method, Path: r.URL.Path, Status: status,
		Session: r.Header.Get(wire.HeaderSession), Seq: uint32(seq), Tries: t.tries, Retries: max(0, len(t.tries)-1), Took: took}
	a.do(func() error { return a.log.Append(line) })
}

func (a *account) do(what func() error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.err = what()
	}
}

// keep flushes now and then until ctx is done.
func (a *account) keep(ctx context.Context) {
	for clock.Sleep(ctx, flushEvery) == nil {
		a.do(a.log.Flush)
	}
}

func (a *account) close() error {
	a.do(a.log.Close)
	return a.err
}

// attempt is one try; its time ends with the answer's head.
func attempt(m *member, answer *http.Response, took time.Duration) results.Try {
	t := results.Try{Upstream: m.url.Host, Took: took}
	if answer != nil {
		t.Status = answer.StatusCode
	}
	return t
}

// noted remembers the status of an answer.
type noted struct {
	http.ResponseWriter
	status int
}

func (n *noted) WriteHeader(status int) {
	if status >= http.StatusOK || status == http.StatusSwitchingProtocols { // others are hints that an answer follows
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the engine flush and take the connection over.
func (n *noted) Unwrap() http.ResponseWriter { return n.ResponseWriter }
