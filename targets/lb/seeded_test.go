package lb

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
)

// seeded is a fault put into the balancer to prove that it is found. The zero value is the correct one.
type seeded struct {
	name, about string
	want        string // the finding
	world       world
	replicas    int

	options  func(o *Options, replica int)
	affinity func(s *sim, r *router, right affinity) affinity
	handler  func(s *sim, right http.Handler) http.Handler
	dial     func(i *instance) http.RoundTripper
	blind    bool // no health checks
}

func (f seeded) health() Health {
	if f.blind {
		return Health{}
	}
	return checks()
}

// tampered is an affinity with other stages in place of the right ones.
type tampered struct {
	affinity
	homes func(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string
	binds func(answer http.Header, q *http.Request, instance string, now time.Time)
}

func (t tampered) home(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
	if t.homes == nil {
		return t.affinity.home(q, p, usable, now)
	}
	return t.homes(q, p, usable, now)
}

func (t tampered) bind(answer http.Header, q *http.Request, instance string, now time.Time) {
	if t.binds == nil {
		t.affinity.bind(answer, q, instance, now)
		return
	}
	t.binds(answer, q, instance, now)
}

// misrouted sends a bound session to another instance when told so.
func misrouted(when func(s *sim, q *http.Request) bool) func(*sim, *router, affinity) affinity {
	return func(s *sim, _ *router, right affinity) affinity {
		return tampered{affinity: right, homes: func(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
			home := right.home(q, p, usable, now)
			if home == "" || !when(s, q) {
				return home
			}
			return other(s, p, home)
		}}
	}
}

// other is another member than that.
func other(s *sim, p *pool, than string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if m := p.members[s.rng.IntN(len(p.members))]; m.Name != than {
			return m.Name
		}
	}
}

func randomly(p float64) func(*sim, *http.Request) bool {
	return func(s *sim, _ *http.Request) bool { return s.chance(p) }
}

// placed puts a new session where name says, unless that is "".
func placed(name func(s *sim, p *pool, now time.Time) string) func(*sim, *router, affinity) affinity {
	return func(s *sim, _ *router, right affinity) affinity {
		return tampered{affinity: right, homes: func(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
			if home := right.home(q, p, usable, now); home != "" {
				return home
			}
			return name(s, p, now)
		}}
	}
}

// homed takes the home from f alone.
func homed(f func(s *sim, right affinity, q *http.Request, p *pool, usable func(*member) bool, now time.Time) string) func(*sim, *router, affinity) affinity {
	return func(s *sim, _ *router, right affinity) affinity {
		return tampered{affinity: right, homes: func(q *http.Request, p *pool, usable func(*member) bool, now time.Time) string {
			return f(s, right, q, p, usable, now)
		}}
	}
}

// bound binds by f alone.
func bound(f func(s *sim, right affinity, answer http.Header, q *http.Request, instance string, now time.Time)) func(*sim, *router, affinity) affinity {
	return func(s *sim, _ *router, right affinity) affinity {
		return tampered{affinity: right, binds: func(answer http.Header, q *http.Request, instance string, now time.Time) {
			f(s, right, answer, q, instance, now)
		}}
	}
}

// writtenOnce leaves the marker that a client bears as it is, as who prefixes or learns the application's cookie does.
func writtenOnce(s *sim, r *router, right affinity) affinity {
	return bound(func(_ *sim, right affinity, h http.Header, q *http.Request, instance string, now time.Time) {
		if !bears(q) {
			right.bind(h, q, instance, now)
		}
	})(s, r, right)
}

// session is the application's id in a request; "" for a first one.
func session(q *http.Request) string {
	if sent, err := q.Cookie(wire.SessionCookie); err == nil {
		return sent.Value
	}
	return ""
}

func bears(q *http.Request) bool { return len(q.CookiesNamed(markerName)) > 0 }

// strippedMarker takes the balancer's cookie out of an answer when told so.
func strippedMarker(when func(s *sim, q *http.Request) bool) func(*sim, http.Handler) http.Handler {
	return func(s *sim, right http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			right.ServeHTTP(w, q)
			if when(s, q) {
				h := w.Header()
				h["Set-Cookie"] = slices.DeleteFunc(h["Set-Cookie"], func(line string) bool { return strings.HasPrefix(line, markerName+"=") })
			}
		})
	}
}

// repeated delivers each POST twice, the second time as change makes it.
func repeated(change func(q *http.Request)) func(*sim, http.Handler) http.Handler {
	return func(_ *sim, right http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			right.ServeHTTP(w, q)
			if q.Method == http.MethodPost {
				again := q.Clone(q.Context())
				change(again)
				right.ServeHTTP(httptest.NewRecorder(), again)
			}
		})
	}
}

// cached answers a GET from what was answered to the same key before, until life is over. Answers to
// which keep says no are not stored.
func cached(key func(q *http.Request) string, life time.Duration) func(*sim, http.Handler) http.Handler {
	type entry struct {
		header http.Header
		until  time.Time
	}
	return func(s *sim, right http.Handler) http.Handler {
		entries := map[string]entry{}
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			s.mu.Lock()
			have, ok := entries[key(q)]
			s.mu.Unlock()
			if ok && q.Method == http.MethodGet && key(q) != "" && time.Now().Before(have.until) {
				maps.Copy(w.Header(), have.header)
				return
			}
			right.ServeHTTP(w, q)
			s.mu.Lock()
			defer s.mu.Unlock()
			if q.Method == http.MethodGet {
				entries[key(q)] = entry{w.Header().Clone(), time.Now().Add(life)}
			}
		})
	}
}

// unretried makes a refused connection look like one that broke: no other instance is tried.
type unretried struct{ *instance }

func (u unretried) RoundTrip(q *http.Request) (*http.Response, error) {
	answer, err := u.instance.RoundTrip(q)
	if neverSent(err) {
		err = errors.New("bad gateway")
	}
	return answer, err
}
