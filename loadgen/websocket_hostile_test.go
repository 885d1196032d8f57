package loadgen

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// A WebSocket server may send anything once it has agreed.
func TestHostileWebSocket(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		want results.Failure
	}{
		"whole":             {"\x81\x02ok", results.Answered},
		"in pieces":         {"\x01\x01o\x80\x01k", results.Answered},
		"ping first":        {"\x89\x01x\x81\x02ok", results.Answered},
		"closed":            {"", results.Reset},
		"said goodbye":      {"\x88\x02\x03\xe9", results.Reset},
		"half a head":       {"\x81", results.Reset},
		"half a message":    {"\x81\x09ok", results.Reset},
		"reserved bits":     {"\xf1\x02ok", results.Malformed},
		"unknown kind":      {"\x83\x02ok", results.Malformed},
		"masked":            {"\x81\x82\x00\x00\x00\x00ok", results.Answered}, // which the library forgives
		"rest of nothing":   {"\x80\x02ok", results.Malformed},
		"long ping":         {"\x89\x7e\x01\x00" + strings.Repeat("x", 256), results.Malformed},
		"negative length":   {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", results.Malformed},
		"message too long":  {"\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff" + strings.Repeat("x", maxMessage+1), results.Malformed},
		"HTTP after all":    {"HTTP/1.1 200 OK\r\n\r\n", results.Malformed},
		"goodbye, too long": {"\x88\x7e\x01\x00" + strings.Repeat("x", 256), results.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			s := cleartext(t, func(w http.ResponseWriter, r *http.Request) {
				conn, buffered, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				agree(buffered, r)
				_, _ = buffered.ReadByte() // the message has begun
				_, _ = io.WriteString(conn, c.raw)
				if half, ok := conn.(interface{ CloseWrite() error }); ok {
					_ = half.CloseWrite()
				}
				_, _ = io.Copy(io.Discard, buffered)
			})
			s.e.Load.Protocol = profiles.WebSocket
			r := s.client(t).ask(&Request{KeepAlive: true})
			if r.Failure != c.want || (r.Err == nil) != (c.want == results.Answered) {
				t.Errorf("failure %d, want %d: %v", r.Failure, c.want, r.Err)
			}
		})
	}
}

// agree accepts an upgrade (RFC 6455 §4.2.2).
func agree(w *bufio.ReadWriter, r *http.Request) {
	key := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(key[:]))
	_ = w.Flush()
}
