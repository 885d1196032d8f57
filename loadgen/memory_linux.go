package loadgen

import "golang.org/x/sys/unix"

// mapBytes asks the kernel, or the heap when the kernel has no more mappings.
func mapBytes(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, n)
	}
	return b
}

// unmapBytes leaves to the collector what is the heap's.
func unmapBytes(b []byte) { _ = unix.Munmap(b) }
