package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// recorderRole makes this program the server that notes arrivals.
const recorderRole = "record-arrivals"

// recorder answers every request at once and notes when it arrived. The kernel's time stamp of the
// packet counts, so that a server that is woken late, or frozen, does not blur it.
type recorder struct {
	mu       sync.Mutex
	arrivals []int64 // Unix nanoseconds
}

var answer = []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: mark=b1; Path=/\r\nX-Instance: b1\r\n\r\nok")

// record is the server's process: it says its URL, and gives and forgets the arrivals at each line of stdin.
func record() error {
	stamps := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) })
	}}
	l, err := stamps.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/\n", l.Addr())
	r := &recorder{}
	go r.accept(l)
	out := gob.NewEncoder(os.Stdout)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := out.Encode(r.take()); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) take() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	arrivals := r.arrivals
	r.arrivals = nil
	return arrivals
}

func (r *recorder) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go r.serve(c.(*net.TCPConn))
	}
}

func (r *recorder) serve(c *net.TCPConn) {
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	buffer, control := make([]byte, 4096), make([]byte, 128)
	for {
		var n, m int
		failed := raw.Read(func(fd uintptr) bool {
			n, m, _, _, err = unix.Recvmsg(int(fd), buffer, control, unix.MSG_DONTWAIT)
			return err != unix.EAGAIN
		})
		if failed != nil || err != nil || n == 0 {
			return
		}
		if !bytes.HasSuffix(buffer[:n], []byte("\r\n\r\n")) {
			continue // the rest of the request is coming
		}
		r.note(stamp(control[:m]))
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

func (r *recorder) note(at int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.arrivals = append(r.arrivals, at)
}

// stamp reads the packet's time from the control message.
func stamp(control []byte) int64 {
	if len(control) < unix.CmsgLen(int(unsafe.Sizeof(unix.Timespec{}))) {
		return time.Now().UnixNano()
	}
	ts := (*unix.Timespec)(unsafe.Pointer(&control[unix.CmsgLen(0)]))
	return ts.Nano()
}

// arrivals is the recorder seen from the laboratory.
type arrivals struct {
	url string
	cmd *exec.Cmd
	in  *os.File
	out *gob.Decoder
}

func (l *lab) recorder() *arrivals {
	self, err := os.Executable()
	check(err)
	cmd := start(self, recorderRole)
	read, in, err := os.Pipe()
	check(err)
	cmd.Stdin = read
	stdout, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	read.Close()
	text := bufio.NewReader(stdout)
	url, err := text.ReadString('\n')
	check(err)
	return &arrivals{url: strings.TrimSpace(url), cmd: cmd, in: in, out: gob.NewDecoder(text)}
}

// take gives what arrived since the last call.
func (a *arrivals) take() (times []int64) {
	_, err := a.in.WriteString("\n")
	check(err)
	check(a.out.Decode(&times))
	return times
}

func (a *arrivals) stop() {
	_ = a.in.Close()
	_ = a.cmd.Wait()
}
