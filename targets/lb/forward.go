package lb

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/stickybench/stickybench/results"
)

var errNoneAvailable = errors.New("no instance is available")

// trip is what the stages of one request share.
type trip struct {
	request *http.Request // as the client sent it
	member  *member
	tries   []results.Try // with an account
}

type tripKey struct{}

func tripOf(r *http.Request) *trip { return r.Context().Value(tripKey{}).(*trip) }

// proxy is the traffic handler.
type proxy struct {
	router  *router
	engine  *httputil.ReverseProxy
	account *account // nil = none is kept
}

func newProxy(r *router, a *account) *proxy {
	p := &proxy{router: r, account: a}
	p.engine = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: p, ModifyResponse: p.bind, ErrorHandler: refuse,
		ErrorLog: log.New(io.Discard, "", 0), // errors are answers here, the generator records them
	}
	return p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t := &trip{request: r}
	defer t.leave()
	if p.account == nil {
		p.engine.ServeHTTP(w, t.on(r))
		return
	}
	start, noted := time.Now(), &noted{ResponseWriter: w, status: http.StatusOK}
	defer func() { p.account.enter(t, noted.status, time.Since(start)) }() // also when the answer is cut short by a panic
	p.engine.ServeHTTP(noted, t.on(r))
}

func (t *trip) on(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), tripKey{}, t))
}

// enter waits until m has room: whose home is full stays bound to it, as under HAProxy's maxconn.
func (t *trip) enter(ctx context.Context, m *member) error {
	t.leave()
	if m.slots != nil {
		select {
		case m.slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	t.member = m
	m.inFlight.Add(1)
	return nil
}

func (t *trip) leave() {
	if t.member == nil {
		return
	}
	t.member.inFlight.Add(-1)
	if t.member.slots != nil {
		<-t.member.slots
	}
	t.member = nil
}

func rewrite(r *httputil.ProxyRequest) {
	r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"]
	r.SetXForwarded()
}

// RoundTrip tries instances until one accepts a connection. Anything after that is final: the
// request may have been delivered.
func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	t := tripOf(r)
	var refused []*member
	for {
		m := p.router.route(t.request, refused)
		if m == nil {
			return nil, errNoneAvailable
		}
		if err := t.enter(r.Context(), m); err != nil {
			return nil, err
		}
		sent := time.Now()
		answer, err := m.transport.RoundTrip(aimed(r, m))
		if p.account != nil {
			t.tries = append(t.tries, attempt(m, answer, time.Since(sent)))
		}
		if !neverSent(err) || r.Context().Err() != nil {
			return answer, err
		}
		refused = append(refused, m)
	}
}

// aimed is r for m. The body survives the transport's Close, for the next attempt.
func aimed(r *http.Request, m *member) *http.Request {
	out := r.WithContext(r.Context())
	u := *r.URL
	u.Scheme, u.Host = m.url.Scheme, m.url.Host
	out.URL = &u
	if r.Body != nil && r.Body != http.NoBody {
		out.Body = io.NopCloser(r.Body)
	}
	return out
}

func neverSent(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}

func (p *proxy) bind(answer *http.Response) error {
	t := tripOf(answer.Request)
	p.router.affinity.bind(answer.Header, t.request, t.member.Name, p.router.now())
	return nil
}

func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusBadGateway
	if errors.Is(err, errNoneAvailable) {
		status = http.StatusServiceUnavailable
	}
	http.Error(w, err.Error(), status)
}
