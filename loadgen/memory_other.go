//go:build !linux

package loadgen

// mapBytes is the heap's where mappings were not tried.
func mapBytes(n int) []byte { return make([]byte, n) }

func unmapBytes([]byte) {}
