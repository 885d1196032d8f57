//go:build !linux

package loadgen

import (
	"runtime"
	"strconv"
)

// Fitness says what is known of this machine.
func Fitness(int) []Finding {
	return []Finding{{What: "cores", Saw: strconv.Itoa(runtime.NumCPU())},
		{What: "system", Saw: runtime.GOOS, Advice: "only Linux is looked at, and only there users have source addresses of their own"}}
}
