package targets

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/stickybench/stickybench/targets/store"
)

// storeAnswer is how long a running store may take to answer the first request.
const storeAnswer = 5 * time.Second

// reachable asks the store at address once, so that a wrong one is said before anything starts.
func reachable(ctx context.Context, address string) error {
	s, err := store.Open(address, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	asking, cancel := context.WithTimeout(ctx, storeAnswer)
	defer cancel()
	if _, _, err := s.Load(asking, "stickybench-reachable"); err != nil {
		return fmt.Errorf("store %s does not answer: %w; start it, or use --store embedded", withoutPassword(address), err)
	}
	return nil
}

// withoutPassword is the address as a report may show it.
func withoutPassword(address string) string {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		return u.Redacted()
	}
	return address
}
