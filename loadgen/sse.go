package loadgen

import (
	"bytes"
	"context"
)

// events is a connection on which each request opens a stream of server-sent events. The exchange is done with the
// first event; the stream then stays open, as a page's does, until the user's next request or end. Events are
// read all the while, so that no server or balancer has to hold them.
type events struct {
	*http1
	body    sample
	drained chan struct{} // closed when the last stream is over; nil = there was none
	over    bool          // it came to its end; valid once drained is closed
}

// accept is what an EventSource asks for.
const accept = "Accept: text/event-stream\r\n"

func (p *portable) openEvents(ctx context.Context, r *Request) (link, error) {
	c, err := p.newHTTP1(ctx, r)
	if err != nil {
		return nil, err
	}
	return &events{http1: c}, nil
}

// alive: a stream that still runs keeps the connection to itself.
func (c *events) alive() bool {
	select {
	case <-c.drained:
		return c.over && c.http1.alive()
	default:
		return false
	}
}

func (c *events) exchange(ctx context.Context, r *Request) (keep bool, err error) {
	stop := context.AfterFunc(ctx, func() { c.raw.Close() })
	err = c.subscribe(r)
	if !stop() || err != nil {
		return false, err
	}
	c.response.answer, c.response.body = &Answer{}, nil // r goes back to its shard
	c.drained = make(chan struct{})
	go c.drain(c.drained)
	return true, nil
}

// subscribe opens a stream and reads its first event, or the answer that came instead.
func (c *events) subscribe(r *Request) error {
	if err := c.say(r); err != nil {
		return err
	}
	c.body.bytes = c.body.bytes[:0]
	c.response.begin(r, &c.body)
	if _, err := c.read(r, c.heard); err != nil {
		return err
	}
	r.Status = c.response.status
	data, ok := firstEvent(c.body.bytes)
	switch {
	case r.Status >= 300: // no stream, whatever its type
		return nil
	case !c.response.events:
		return malformed("content-type is not text/event-stream")
	case !ok && c.response.phase != complete:
		return malformed("first event exceeds %d bytes", maxSample)
	case !ok:
		return malformed("the stream ended without an event")
	}
	r.Answer.lines(data)
	c.settings.name(&r.Answer, &sample{bytes: data})
	return nil
}

// heard says whether the answer is one.
func (c *events) heard() bool {
	if c.response.phase == complete || len(c.body.bytes) >= maxSample {
		return true
	}
	if !c.response.events {
		return false
	}
	_, ok := firstEvent(c.body.bytes)
	return ok
}

// drain reads the rest of the stream.
func (c *events) drain(done chan<- struct{}) {
	defer close(done)
	rest, err := c.read(&Request{}, c.whole)
	c.over = err == nil && len(rest) == 0 && !c.response.close
}

func (c *events) Close() error {
	err := c.http1.Close()
	if c.drained != nil {
		<-c.drained
	}
	return err
}

// firstEvent is the data of the first whole event in b (WHATWG HTML §9.2.6). Comments and other fields make none.
func firstEvent(b []byte) (data []byte, ok bool) {
	b = bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		switch value, isData := bytes.CutPrefix(line, []byte("data:")); {
		case !whole:
			return nil, false
		case isData:
			data = append(append(data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
		case len(line) == 0 && len(data) > 0:
			return data, true
		}
		b = rest
	}
}
