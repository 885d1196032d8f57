package targets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// control speaks to the control ports of our own roles.
type control struct{ client *http.Client }

const (
	// questionTimeout keeps a frozen instance from holding up the samples of everything else.
	questionTimeout = 500 * time.Millisecond
	// orderTimeout is longer: an order that comes late on a busy machine is better than none.
	orderTimeout = 5 * time.Second
)

// newControl ignores proxies from the environment: control ports are on loopback.
func newControl() control {
	return control{&http.Client{Transport: &http.Transport{}}}
}

func (c control) close() { c.client.CloseIdleConnections() }

func (c control) do(ctx context.Context, limit time.Duration, method, url string, content io.Reader) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, content)
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

// order is carried out even if the run ends meanwhile: half an order would leave the records wrong.
func (c control) order(ctx context.Context, method, url string) error {
	_, err := c.do(context.WithoutCancel(ctx), orderTimeout, method, url, nil)
	return err
}

// put sends v as JSON.
func (c control) put(ctx context.Context, url string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, orderTimeout, http.MethodPut, url, bytes.NewReader(text))
	return err
}

// reach is nil when url answers. Not found does not count: a balancer says so before it has read what to serve.
func (c control) reach(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return err
	}
	if answer.StatusCode == http.StatusNotFound {
		err = fmt.Errorf("%s: %s", url, answer.Status)
	}
	return errors.Join(err, answer.Body.Close())
}

// moment is what an instance says of itself.
type moment struct {
	InFlight int     `json:"in_flight"`
	CPU      float64 `json:"cpu"` // seconds spent by requests, virtual ones where its CPU is
}

// ask asks an instance for its moment; ok is false when it does not answer.
func (c control) ask(ctx context.Context, base string) (now moment, ok bool) {
	body, err := c.do(ctx, questionTimeout, http.MethodGet, base+"/state", nil)
	return now, err == nil && json.Unmarshal(body, &now) == nil
}
