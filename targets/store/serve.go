package store

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/stickybench/stickybench/internal/clock"
)

// tick is how often the embedded server lets time pass for expiry; miniredis has no clock of its own.
const tick = 100 * time.Millisecond

// Serve runs the embedded Redis-protocol server on listen (HOST:PORT, port 0 for a free one) until
// ctx ends. Ready is called with the bound address.
func Serve(ctx context.Context, listen string, ready func(address string)) error {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(listen); err != nil {
		return fmt.Errorf("starting the embedded store on %s: %w; choose a free address", listen, err)
	}
	defer server.Close()
	ready(server.Addr())
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for last := clock.Now(); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			now := clock.Now() // a ticker drops ticks while the host stalls
			server.FastForward(now.Sub(last))
			last = now
		}
	}
}
