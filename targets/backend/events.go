package backend

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
	"github.com/stickybench/stickybench/targets/store"
)

func wantsEvents(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// stream answers with server-sent events. The first carries the fields of an ordinary answer; none follows, and
// the stream stays open until the client leaves or the instance ends.
func (i *instance) stream(w http.ResponseWriter, r *http.Request, s *results.Serve, record store.Record) {
	h := w.Header()
	h.Set(wire.HeaderInstance, s.Instance)
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep the event back
	fields := http.Header{}
	state(fields, s, record)
	var text bytes.Buffer
	_ = fields.Write(&text) // a buffer takes everything
	for line := range strings.Lines(text.String()) {
		fmt.Fprintf(w, "data: %s\n", strings.TrimSpace(line))
	}
	fmt.Fprint(w, "\n")
	if http.NewResponseController(w).Flush() != nil {
		return // the client's end shows in its own record
	}
	select {
	case <-r.Context().Done():
	case <-i.ending.Done():
	}
}
