package loadgen

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// frame is an HTTP/2 frame (RFC 9113 §4.1).
func frame(kind, flags byte, stream uint32, payload string) string {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return string(binary.BigEndian.AppendUint32(head, stream)) + payload
}

// An HTTP/2 server may say anything: the exchange ends, and the record says whether the answer broke off or was
// none.
func TestHostileHTTP2(t *testing.T) {
	const (
		data, headers, reset, settings, goaway, continuation = 0, 1, 3, 4, 7, 9
		endStream, endHeaders                                = 1, 4
	)
	hello := frame(settings, 0, 0, "")
	const ok = "\x88" // :status 200, of HPACK's static table
	for name, c := range map[string]struct {
		raw  string
		want results.Failure
	}{
		"whole":           {hello + frame(headers, endHeaders|endStream, 1, ok), results.Answered},
		"no settings":     {frame(headers, endHeaders|endStream, 1, ok), results.Malformed},
		"closed":          {hello, results.Reset},
		"reset":           {hello + frame(reset, 0, 1, "\x00\x00\x00\x02"), results.Reset},
		"goaway":          {hello + frame(goaway, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x02"), results.Reset},
		"half a body":     {hello + frame(headers, endHeaders, 1, ok) + frame(data, 0, 1, "o"), results.Reset},
		"half a frame":    {hello + "\x00\x00\x09\x01\x04\x00\x00", results.Reset},
		"long frame":      {hello + "\xff\xff\xff\x01\x04\x00\x00\x00\x01" + ok, results.Malformed},
		"no status":       {hello + frame(headers, endHeaders|endStream, 1, "\x00\x01a\x01b"), results.Malformed},
		"bad compression": {hello + frame(headers, endHeaders|endStream, 1, "\xff\xff\xff\xff\xff\xff"), results.Malformed},
		"data first":      {hello + frame(data, endStream, 1, "ok"), results.Malformed},
		"endless headers": {hello + frame(headers, 0, 1, ok) + strings.Repeat(frame(continuation, 0, 1, strings.Repeat("\x00\x01a\x01b", 3000)), 40), results.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			l := serve(t, func(conn net.Conn, r *bufio.Reader) {
				if request(r) { // the preface begins like one
					_, _ = r.Peek(64) // and then come settings and the request
					_, _ = conn.Write([]byte(c.raw))
					_ = conn.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, r)
				}
			})
			e := profiles.Default()
			e.Load.Protocol = profiles.HTTP2
			r := started(t, "http://"+l.Addr().String(), e).ask(&Request{KeepAlive: true})
			if r.Failure != c.want || (r.Err == nil) != (c.want == results.Answered) {
				t.Errorf("failure %d, want %d: %v", r.Failure, c.want, r.Err)
			}
		})
	}
}
