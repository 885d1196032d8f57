package main

import "testing"

func TestGarbageHasRoomForTenSecondsWithinBounds(t *testing.T) {
	for _, c := range []struct {
		live, perSecond uint64
		want            int
	}{
		{1 << 20, 0, 400},          // 16 MiB over the runtime's least heap of 4
		{8 << 20, 2 << 20, 250},    // ten seconds of 2 MiB
		{64 << 20, 100 << 20, 200}, // 128 MiB, whatever the rate
		{1 << 30, 1 << 30, leastPercent},
	} {
		if got := collectorPercent(c.live, c.perSecond); got != c.want {
			t.Errorf("live %d, %d a second: %d %%, want %d %%", c.live, c.perSecond, got, c.want)
		}
	}
}
