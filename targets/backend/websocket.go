package backend

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"sync"

	"github.com/coder/websocket"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/targets/store"
)

// converse takes a WebSocket: every message is a request, answered by one message (see wire.HeaderSession
// for the fields). The session is that of the cookie the upgrade brought, or a new one that it is given.
func (i *instance) converse(w http.ResponseWriter, r *http.Request) {
	if i.faults.error.Load() {
		http.Error(w, "failing on request", http.StatusServiceUnavailable)
		return
	}
	id, fresh := sessionID(r)
	if fresh {
		setSession(w, id)
	}
	w.Header().Set(wire.HeaderInstance, i.o.Name)
	w.Header().Set(wire.HeaderBoot, hex64(i.boot))
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // whatever page it is from
	if err != nil {
		return // Accept has answered
	}
	i.talks.Go(func() { i.talk(r.Context(), c, id) })
}

// talk answers until the client leaves or the instance ends, which lets the message under way be answered.
func (i *instance) talk(ctx context.Context, c *websocket.Conn, id string) {
	ctx = context.WithoutCancel(ctx) // the upgrade's handler is over
	var turn sync.Mutex
	leave := context.AfterFunc(i.ending, func() {
		turn.Lock()
		defer turn.Unlock()
		_ = c.Close(websocket.StatusGoingAway, "the instance ends")
	})
	defer func() {
		_ = c.CloseNow() // it was closed, or answers nothing more
		if !leave() {
			turn.Lock() // leaving is over
			defer turn.Unlock()
		}
	}()
	for {
		_, message, err := c.Read(ctx)
		if err != nil || i.faults.reset.Load() {
			return
		}
		turn.Lock()
		err = c.Write(ctx, websocket.MessageText, i.reply(ctx, id, message))
		turn.Unlock()
		if err != nil {
			return
		}
	}
}

// reply serves one message: the method on the first line, then fields as in HTTP. The reply has the status
// on its first line.
func (i *instance) reply(ctx context.Context, id string, message []byte) []byte {
	method, rest, _ := bytes.Cut(message, []byte("\n"))
	fields, _ := textproto.NewReader(bufio.NewReader(bytes.NewReader(rest))).ReadMIMEHeader() // what is none identifies nothing
	s := identify(strings.TrimSpace(string(method)), http.Header(fields))
	record, err := i.process(ctx, store.Access{ID: id}, &s)
	if err != nil {
		return fmt.Appendf(nil, "%d\r\n%v\r\n", http.StatusInsufficientStorage, err)
	}
	h := http.Header{}
	state(h, &s, record)
	var text bytes.Buffer
	fmt.Fprintf(&text, "%d\r\n", s.Status)
	_ = h.Write(&text) // a buffer takes everything
	return text.Bytes()
}
