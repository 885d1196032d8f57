package loadgen

import (
	"context"
	"io"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// http1 is a connection that speaks HTTP/1.1.
type http1 struct {
	transport
	settings *settings
	template *template
	in, out  []byte
	response response
}

func (p *portable) openHTTP1(ctx context.Context, r *Request) (link, error) {
	c, err := p.newHTTP1(ctx, r)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p *portable) newHTTP1(ctx context.Context, r *Request) (*http1, error) {
	c, err := p.dial(ctx, r)
	if err != nil {
		return nil, err
	}
	return &http1{transport: c, settings: &p.settings, template: &p.template, in: make([]byte, 16<<10)}, nil
}

// alive: what speaks out of turn was closed, or is confused.
func (c *http1) alive() bool { return !readable(c.raw) }

func (c *http1) exchange(ctx context.Context, r *Request) (keep bool, err error) {
	stop := context.AfterFunc(ctx, func() { c.raw.Close() })
	keep, err = c.ask(r)
	return stop() && keep && err == nil, err
}

func (c *http1) ask(r *Request) (keep bool, err error) {
	if err := c.say(r); err != nil {
		return false, err
	}
	var body *sample
	if c.settings.body != nil {
		body = &sample{}
	}
	c.response.begin(r, body)
	rest, err := c.read(r, c.whole)
	if err == nil {
		r.Status = c.response.status
		c.settings.name(&r.Answer, body)
	}
	return !c.response.close && len(rest) == 0, err
}

func (c *http1) say(r *Request) error {
	c.out = c.template.append(c.out[:0], r)
	_, err := c.Write(c.out)
	if limit := c.settings.firstByteTimeout; limit > 0 {
		_ = c.SetReadDeadline(time.Now().Add(limit)) // a closed connection says so at the read
	}
	return err
}

func (c *http1) whole() bool { return c.response.phase == complete }

// read feeds the answer until it is enough.
func (c *http1) read(r *Request, enough func() bool) (rest []byte, err error) {
	for !enough() {
		n, err := c.Read(c.in)
		if n > 0 && r.FirstByte == 0 {
			r.FirstByte = clock.Now()
			_ = c.SetReadDeadline(time.Time{})
		}
		var wrong error
		if rest, wrong = c.response.feed(c.in[:n]); wrong != nil {
			return nil, wrong
		}
		if err == io.EOF && !c.response.end() {
			return nil, errShort
		}
		if err != nil && !c.whole() {
			return nil, err
		}
	}
	return rest, nil
}
