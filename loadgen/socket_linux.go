package loadgen

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// bindLate lets the kernel choose the port at connect time: otherwise a bound source address
// has 28,000 ports for all destinations together.
func bindLate(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) // an optimisation
	})
}

// readable: an idle connection that has something to read was closed, or speaks out of turn.
func (c *conn) readable() bool {
	rc, err := c.raw.(syscall.Conn).SyscallConn()
	if err != nil {
		return true
	}
	ready := true
	_ = rc.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		ready = err != unix.EAGAIN
		return true
	})
	return ready
}
