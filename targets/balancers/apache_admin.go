package balancers

import (
	"context"
	"time"
)

// apacheDetection: checks run at most ten times a second, and a refused connection keeps the instance
// out for whole seconds.
func apacheDetection(h Health) time.Duration {
	h.Interval = max(h.Interval, 100*time.Millisecond)
	return max(h.detection(), h.wholeSeconds())
}

// apacheReload is a graceful restart; the program itself refuses a configuration that it cannot read.
func apacheReload(ctx context.Context, b Running) error {
	return b.tell(ctx, append(apacheArguments(b.Params), "-k", "graceful")...)
}
