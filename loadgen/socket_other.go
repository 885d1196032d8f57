//go:build !linux

package loadgen

import "syscall"

func bindLate(_, _ string, _ syscall.RawConn) error { return nil }

// readable cannot be asked portably without taking a byte: a closed connection shows as Reset.
func (c *conn) readable() bool { return false }
