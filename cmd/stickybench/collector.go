package main

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Collections take the generator's cores just when requests are due: at Go's default of 100 % the lag's
// p99 measured twice as high. So garbage may gather for a while, within bounds. A million thinking users
// make little of it, and live outside the heap.
const (
	gather        = 10 * time.Second
	leastHeadroom = 16 << 20 // bytes
	mostHeadroom  = 128 << 20
	leastPercent  = 20
	smallHeap     = 4 << 20 // the percentage counts from this at least: runtime.heapMinimum
)

// paceCollector keeps the collector's percentage to the headroom until stop is called.
func paceCollector() (stop func()) {
	percent := collectorPercent(0, 0)
	debug.SetGCPercent(percent)
	done := make(chan struct{})
	var pacing sync.WaitGroup
	pacing.Go(func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(sample)
		for before := sample[1].Value.Uint64(); ; before = sample[1].Value.Uint64() {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			metrics.Read(sample)
			wanted := collectorPercent(sample[0].Value.Uint64(), sample[1].Value.Uint64()-before)
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

// collectorPercent is the garbage that may gather over what lives, given the bytes allocated in a second.
func collectorPercent(live, perSecond uint64) int {
	headroom := min(max(leastHeadroom, perSecond*uint64(gather/time.Second)), mostHeadroom)
	return int(max(leastPercent, headroom*100/max(smallHeap, live)))
}
