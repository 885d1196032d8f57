package results

import "golang.org/x/sys/unix"

func kernelRelease() (string, error) {
	var u unix.Utsname
	err := unix.Uname(&u)
	return unix.ByteSliceToString(u.Release[:]), err
}
