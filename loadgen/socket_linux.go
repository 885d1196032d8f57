package loadgen

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"github.com/stickybench/stickybench/internal/clock"
	"golang.org/x/sys/unix"
)

// bindLate lets the kernel choose the port at connect time: otherwise a bound source address
// has 28,000 ports for all destinations together.
func bindLate(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) { bindLateFD(int(fd)) })
}

// bindForeignFD allows an address of a network that is routed here without being an interface's:
// "ip route add local NETWORK dev lo".
func bindForeignFD(fd int, source netip.Addr) {
	if source.Is4() {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
		return
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_FREEBIND, 1)
}

func bindLateFD(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) // an optimisation
}

// readable: an idle connection that has something to read was closed, or speaks out of turn.
func readable(c net.Conn) bool {
	rc, err := c.(syscall.Conn).SyscallConn()
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

// socket is one connection of the epoll engine.
type socket struct {
	fd         int
	place      uint32
	generation uint32 // tells an event of this socket from one of its place's last owner
	number     uint32
	slot, lane uint32
	pool       uint8
	replica    uint8      // of the target, that it leads to
	next       uint32     // the next kept connection of the slot or pool; 0 = none
	source     netip.Addr // where the server takes it to come from
	links      [lists]links
	since      clock.Time // when it entered the phase it is in
	request    *Request   // nil = idle
	out        []byte     // what the kernel has not taken yet
	response   response
}

// open starts a non-blocking connection to target from source.
func (s *socket) open(names *sockaddrs, target netip.AddrPort, source netip.Addr) (err error) {
	family := unix.AF_INET
	if target.Addr().Is6() {
		family = unix.AF_INET6
	}
	s.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // only delays when refused
	if source.IsValid() {
		bindLateFD(s.fd)
		if !source.IsLoopback() {
			bindForeignFD(s.fd, source)
		}
		err = unix.Bind(s.fd, names.of(netip.AddrPortFrom(source, 0)))
	}
	if err == nil {
		err = unix.Connect(s.fd, names.of(target))
	}
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		_ = unix.Close(s.fd)
		return err
	}
	return nil
}

// sockaddrs are used again, because a connection would make garbage of two.
type sockaddrs struct {
	v4 unix.SockaddrInet4
	v6 unix.SockaddrInet6
}

// of is valid until the next call.
func (n *sockaddrs) of(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		n.v4.Port, n.v4.Addr = int(a.Port()), a.Addr().As4()
		return &n.v4
	}
	n.v6.Port, n.v6.Addr = int(a.Port()), a.Addr().As16()
	return &n.v6
}

// The calls below never block, so they go without telling Go's scheduler, which would cost more
// than the call.

func send(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
	return int(n), err
}

func receive(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), err
}

// poll gives the events that are there now.
func poll(epfd int, events []unix.EpollEvent) int {
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), 0, 0, 0)
	if err != 0 {
		return 0
	}
	return int(n)
}

// wait sleeps until there is an event or d has passed, whichever is first.
func wait(epfd int, events []unix.EpollEvent, d time.Duration) int {
	ts := unix.NsecToTimespec(int64(d))
	n, _, err := syscall.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(epfd), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(&ts)), 0, 0)
	switch err {
	case 0:
		return int(n)
	case unix.ENOSYS: // before Linux 5.11
		fds := [1]unix.PollFd{{Fd: int32(epfd), Events: unix.POLLIN}}
		_, _ = unix.Ppoll(fds[:], &ts, nil)
	}
	return 0 // the caller looks again
}
