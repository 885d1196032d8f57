package targets

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// control speaks to the control ports of our own roles.
type control struct{ client *http.Client }

// controlTimeout keeps a frozen instance from holding up everything else.
const controlTimeout = 500 * time.Millisecond

// newControl ignores proxies from the environment: control ports are on loopback.
func newControl() control {
	return control{&http.Client{Timeout: controlTimeout, Transport: &http.Transport{}}}
}

func (c control) close() { c.client.CloseIdleConnections() }

func (c control) do(ctx context.Context, method, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s %s: %s", method, url, answer.Status)
	}
	return body, err
}

func (c control) order(ctx context.Context, method, url string) error {
	_, err := c.do(ctx, method, url)
	return err
}

// reach is nil when url answers anything at all.
func (c control) reach(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// moment is what an instance says of itself.
type moment struct {
	InFlight int     `json:"in_flight"`
	CPU      float64 `json:"cpu"` // seconds spent by requests, virtual ones where its CPU is
}

// ask asks an instance for its moment; ok is false when it does not answer.
func (c control) ask(ctx context.Context, base string) (now moment, ok bool) {
	body, err := c.do(ctx, http.MethodGet, base+"/metrics")
	return now, err == nil && json.Unmarshal(body, &now) == nil
}
