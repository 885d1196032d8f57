package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/results"
)

// Replicated keeps records in this process and copies each to one peer after the answer, as session
// replication of application servers does: a crash loses at most what was in flight. A session that
// turns up here is fetched from whoever has it.
type Replicated struct {
	mu          sync.Mutex // guards everything below
	own, copies table[Record]
	peers       []string          // the first that answers gets the copies
	pending     map[string]Record // not yet copied

	moving sync.Mutex // one session is fetched at a time: its record leaves the peer with the answer
	wake   chan struct{}
	stop   context.CancelFunc
	copier sync.WaitGroup
	client *http.Client
}

var _ Store = (*Replicated)(nil)

const (
	// peerPatience bounds how long a frozen peer holds up a session that moved here; a record that comes
	// later is lost.
	peerPatience = time.Second
	takePath     = "/replica/take"
	copiesPath   = "/replica/copies"
)

// NewReplicated is an empty store without peers; see Introduce.
func NewReplicated(o Options) *Replicated {
	ctx, stop := context.WithCancel(context.Background())
	s := &Replicated{
		own: newTable[Record](o.TTL), copies: newTable[Record](o.TTL), pending: map[string]Record{},
		wake: make(chan struct{}, 1), stop: stop, client: &http.Client{Timeout: peerPatience, Transport: distant(o)},
	}
	s.copier.Go(func() { s.copyOut(ctx) })
	return s
}

// distant is a transport to peers that lie at the distance.
func distant(o Options) *http.Transport {
	trips := newTrips(o)
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &line{Conn: c, trip: trips(), ctx: context.Background()}, nil
	}}
}

// Introduce names the other instances by the base URLs that their Handler answers under, beginning with
// the one that gets the copies.
func (s *Replicated) Introduce(peers []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers = peers
}

// Load asks the peers only for what is not here.
func (s *Replicated) Load(ctx context.Context, a *Access) (Record, bool, error) {
	if err := s.settle(ctx, a); err != nil {
		return Record{}, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, found := s.own.get(a.ID)
	if found {
		s.own.put(a.ID, r)
		if s.own.ttl > 0 {
			s.copyLater(a.ID, r) // the copy's life is extended too
		}
	}
	return r, found, nil
}

// Update answers before the copy is made.
func (s *Replicated) Update(ctx context.Context, a *Access, change func(Record, bool) Record) (before, after Record, err error) {
	if err := s.settle(ctx, a); err != nil {
		return before, after, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, found := s.own.get(a.ID)
	after = change(before, found)
	if len(after.Data) > mostBytes {
		return before, after, wrap("saving", fmt.Errorf("%w: %d bytes, the most is %d", ErrTooLarge, len(after.Data), mostBytes))
	}
	s.own.put(a.ID, after)
	s.copyLater(a.ID, after)
	return before, after, nil
}

// settle makes the session this instance's own, wherever its record is.
func (s *Replicated) settle(ctx context.Context, a *Access) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.Origin = results.Local; s.has(a.ID) {
		return nil
	}
	if a.Origin = results.None; a.New {
		return nil
	}
	s.moving.Lock()
	defer s.moving.Unlock()
	if s.has(a.ID) { // came while we waited
		a.Origin = results.Local
		return nil
	}
	start := clock.Now()
	r, found := s.fetch(ctx, a.ID)
	a.Operations++
	a.Spans.RoundTrip += clock.Now().Sub(start)
	if found {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.own.put(a.ID, r)
		a.Origin = results.Replica
	}
	return nil
}

func (s *Replicated) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, found := s.own.get(id)
	return found
}

// fetch takes the newest record of the session from this instance's copies and from all peers.
func (s *Replicated) fetch(ctx context.Context, id string) (newest Record, found bool) {
	s.mu.Lock()
	newest, found = s.copies.take(id)
	peers := s.peers
	s.mu.Unlock()
	answers := make([]taken, len(peers))
	var asking sync.WaitGroup
	for n, peer := range peers {
		asking.Go(func() { answers[n] = s.ask(ctx, peer, id) })
	}
	asking.Wait()
	for _, t := range answers {
		if t.Found && (!found || t.Record.Version > newest.Version) {
			newest, found = t.Record, true
		}
	}
	return newest, found
}

// taken is a peer's answer.
type taken struct {
	Record Record `json:"record"`
	Found  bool   `json:"found"`
}

// ask takes the record from one peer; a peer that is gone has none.
func (s *Replicated) ask(ctx context.Context, peer, id string) (t taken) {
	body, err := s.post(ctx, peer+takePath+"?id="+url.QueryEscape(id), nil)
	if err != nil || json.Unmarshal(body, &t) != nil {
		return taken{}
	}
	return t
}

func (s *Replicated) post(ctx context.Context, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusMultipleChoices {
		err = errors.New(answer.Status)
	}
	return text, err
}

// copyLater is called with the lock held. Several writes of one session before the copy are one copy.
func (s *Replicated) copyLater(id string, r Record) {
	s.pending[id] = r
	select {
	case s.wake <- struct{}{}:
	default: // the copier will see it
	}
}

// copyOut sends what is pending, all of it at once, until ctx ends.
func (s *Replicated) copyOut(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
		s.mu.Lock()
		batch, peers := s.pending, s.peers
		s.pending = map[string]Record{}
		s.mu.Unlock()
		text, err := json.Marshal(batch)
		for n := 0; err == nil && n < len(peers); n++ {
			if _, failed := s.post(ctx, peers[n]+copiesPath, text); failed == nil {
				break
			}
		}
	}
}

// Handler answers the peers.
func (s *Replicated) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+takePath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.handOver(r.URL.Query().Get("id"))) // a peer that is gone takes nothing
	})
	mux.HandleFunc("POST "+copiesPath, func(w http.ResponseWriter, r *http.Request) {
		var batch map[string]Record
		if err := json.NewDecoder(r.Body).Decode(&batch); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.accept(batch)
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// handOver gives a session away: it lives where its requests go.
func (s *Replicated) handOver(id string) (t taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, id)
	t.Record, t.Found = s.own.take(id)
	if r, found := s.copies.take(id); found && (!t.Found || r.Version > t.Record.Version) {
		t.Record, t.Found = r, true
	}
	return t
}

func (s *Replicated) accept(batch map[string]Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, r := range batch {
		s.copies.put(id, r)
	}
}

// Close gives up what is not copied yet.
func (s *Replicated) Close() error {
	s.stop()
	s.copier.Wait()
	s.client.CloseIdleConnections()
	return nil
}
