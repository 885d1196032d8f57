package port

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// hold is a bound socket that never listens.
type hold struct{ fd *int }

// bind takes the address and only then, or before it as well, sets SO_REUSEADDR: the kernel compares the
// options when the next socket binds.
func bind(address string, besides bool) (hold, error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return hold{}, err
	}
	family, sockaddr := socketAddress(at)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return hold{}, os.NewSyscallError("socket", err)
	}
	if besides {
		err = share(fd)
	}
	if err == nil {
		err = os.NewSyscallError("bind", unix.Bind(fd, sockaddr))
	}
	if err == nil {
		err = share(fd)
	}
	if err != nil {
		unix.Close(fd)
		return hold{}, err
	}
	return hold{&fd}, nil
}

func share(fd int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
}

func socketAddress(at *net.TCPAddr) (int, unix.Sockaddr) {
	if four := at.IP.To4(); four != nil {
		return unix.AF_INET, &unix.SockaddrInet4{Port: at.Port, Addr: [4]byte(four)}
	}
	six := unix.SockaddrInet6{Port: at.Port}
	copy(six.Addr[:], at.IP.To16()) // none = every address
	return unix.AF_INET6, &six
}

func (h *hold) release() error {
	if h.fd == nil {
		return nil
	}
	fd := *h.fd
	h.fd = nil
	return unix.Close(fd)
}
