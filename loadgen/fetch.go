package loadgen

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/profiles"
)

// fetch is an exchange over a connection that net/http knows how to ask. Its error wraps errUnused when
// nothing was sent.
func (s *settings) fetch(ctx context.Context, trip func(*http.Request) (*http.Response, error), r *Request) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var sent atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	stop := s.watchFirstByte(cancel)
	answer, err := trip(s.request(r).WithContext(traced))
	if stop(); err != nil {
		return failure(ctx, err, sent.Load())
	}
	defer answer.Body.Close()
	r.FirstByte = clock.Now()
	if err := s.take(answer, r); err != nil {
		return failure(ctx, err, true)
	}
	r.Status = uint16(answer.StatusCode)
	return nil
}

// watchFirstByte ends the exchange when stop is not called in time.
func (s *settings) watchFirstByte(cancel context.CancelCauseFunc) (stop func() bool) {
	if s.firstByteTimeout == 0 {
		return func() bool { return true }
	}
	return time.AfterFunc(s.firstByteTimeout, func() { cancel(os.ErrDeadlineExceeded) }).Stop
}

// failure is why an exchange failed: net/http names the symptom.
func failure(ctx context.Context, err error, sent bool) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !sent:
		return fmt.Errorf("%w: %w", errUnused, err)
	}
	return err
}

// request is r in net/http's words; nothing is added that the HTTP/1.1 engines do not send.
func (s *settings) request(r *Request) *http.Request {
	h := http.Header{
		"User-Agent":       {""},
		wire.HeaderSession: {r.ID.String()},
		wire.HeaderSeq:     {strconv.FormatUint(uint64(r.Seq), 10)},
		wire.HeaderNonce:   {string(appendHex(nil, r.Nonce))},
	}
	if len(r.Cookie) > 0 {
		h["Cookie"] = []string{string(r.Cookie)}
	}
	s.tell(h, r)
	return &http.Request{Method: r.method(), URL: s.target, Host: s.target.Host, Header: h}
}

// tell writes what the settings add to a request.
func (s *settings) tell(h http.Header, r *Request) {
	if s.via == profiles.ViaForwarded && r.Source.IsValid() {
		h["X-Forwarded-For"] = []string{r.Source.String()}
	}
	if s.userHeader != "" {
		h.Set(s.userHeader, userPrefix+strconv.FormatUint(uint64(r.ID.User), 10))
	}
	if s.traced {
		h["Traceparent"] = []string{string(appendTraceparent(nil, r))}
	}
}

// take reads the answer to its end.
func (s *settings) take(answer *http.Response, r *Request) error {
	r.Answer.headers(answer.Header)
	var body sample
	if _, err := io.Copy(&body, answer.Body); err != nil {
		return err
	}
	s.name(&r.Answer, &body)
	return nil
}
