//go:build !race

package lb

// racing says that the race detector makes everything ten times slower.
const racing = false
