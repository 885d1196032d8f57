package backend

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
)

// subscribed opens a stream.
func subscribed(t *testing.T, url, method, cookie string) (answer *http.Response, event http.Header) {
	t.Helper()
	q, _ := http.NewRequestWithContext(t.Context(), method, url+"/", nil)
	q.Header.Set("Accept", "text/event-stream")
	q.Header.Set(wire.HeaderSession, "5.0")
	q.Header.Set("Cookie", cookie)
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	event = http.Header{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() && lines.Text() != "" {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		name, value, okay := strings.Cut(data, ": ")
		if !ok || !okay {
			t.Errorf("line %q", lines.Text())
		}
		event.Set(name, value)
	}
	return answer, event
}

func TestFirstEventCarriesTheState(t *testing.T) {
	url, control := started(t, Options{})
	answer, first := subscribed(t, url, "GET", "")
	cookie, _, _ := strings.Cut(answer.Header.Get("Set-Cookie"), ";")
	if answer.Header.Get("Content-Type") != "text/event-stream" || answer.Header.Get("X-Accel-Buffering") != "no" || cookie == "" {
		t.Errorf("headers %v", answer.Header)
	}
	if first.Get(wire.HeaderSession) != "5.0" || first.Get(wire.HeaderInstance) != "b1" || first.Get(wire.HeaderVersion) != "0" {
		t.Errorf("event %v", first)
	}
	_, second := subscribed(t, url, "POST", cookie)
	if second.Get(wire.HeaderEpoch) != first.Get(wire.HeaderEpoch) || second.Get(wire.HeaderVersion) != "1" {
		t.Errorf("after a write: %v", second)
	}
	if n := busy(t, control); n != 0 {
		t.Errorf("%d requests in flight; an open stream is none", n)
	}
	order(t, "POST", control+"/error")
	if broken := failing(t, url); broken.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a broken application answers %s", broken.Status)
	}
}

// Open streams do not hold up the end of the instance.
func TestStreamsEndWithTheInstance(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Name: "b1", Drain: 10 * time.Minute}, func(traffic, _ string) { ready <- traffic })
	}()
	answer, _ := subscribed(t, <-ready, "GET", "")
	stop()
	if rest, err := io.ReadAll(answer.Body); err != nil || len(rest) > 0 {
		t.Errorf("the stream ended with %q, %v", rest, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// failing is the answer of an instance that opens no stream.
func failing(t *testing.T, url string) *http.Response {
	t.Helper()
	q, _ := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	q.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}
