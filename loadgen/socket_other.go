//go:build !linux

package loadgen

import (
	"net"
	"syscall"
)

func bindLate(_, _ string, _ syscall.RawConn) error { return nil }

// readable cannot be asked portably without taking a byte: a closed connection shows as Reset.
func readable(net.Conn) bool { return false }
