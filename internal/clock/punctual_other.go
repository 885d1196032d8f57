//go:build !linux

package clock

// Punctual does nothing here.
func Punctual() {}
