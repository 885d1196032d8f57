package main

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Collections take the generator's cores just when requests are due: at Go's default of 100 % the lag's
// p99 measured twice as high. So garbage may gather up to headroom, whatever the users need.
const (
	headroom     = 128 << 20 // bytes
	leastPercent = 20
	mostPercent  = 1600
)

// paceCollector keeps the collector's percentage to the headroom until stop is called.
func paceCollector() (stop func()) {
	debug.SetGCPercent(mostPercent)
	done := make(chan struct{})
	var pacing sync.WaitGroup
	pacing.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		percent := mostPercent
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			metrics.Read(sample)
			wanted := int(min(mostPercent, max(leastPercent, headroom*100/max(1, sample[0].Value.Uint64()))))
			if wanted < percent*3/4 || wanted > percent*4/3 { // setting it stops the world
				debug.SetGCPercent(wanted)
				percent = wanted
			}
		}
	})
	return func() {
		close(done)
		pacing.Wait()
	}
}
