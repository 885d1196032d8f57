// Package clock tells and waits for time more precisely than package time does.
//
// Every process of one run on one host reads the same kernel clock, so generator and backend
// time stamps compare. Waits below one millisecond are exact to tens of microseconds: the Go
// runtime's own timers round them up to a millisecond.
package clock

import (
	"context"
	"time"
)

// Time is nanoseconds since the Unix epoch on a clock that never steps.
type Time int64

// Add returns t+d.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns t-u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Wall converts to a time.Time in UTC.
func (t Time) Wall() time.Time { return time.Unix(0, int64(t)).UTC() }

// anchor pairs one reading of the run-wide clock with one of Go's monotonic clock; never changed.
var anchor = newAnchor()

type pair struct {
	run  Time
	mono time.Time
}

// Now reads the clock.
func Now() Time { return anchor.run.Add(time.Since(anchor.mono)) }

// coarse is how long before the due time the precise wait takes over from a Go timer, which
// may be a millisecond late.
const coarse = 2 * time.Millisecond

// Sleep waits for d or until ctx is done, whichever is first; it returns ctx.Err() in that case.
func Sleep(ctx context.Context, d time.Duration) error { return SleepUntil(ctx, Now().Add(d)) }

// SleepUntil waits until t or until ctx is done. The last two milliseconds are not interrupted.
func SleepUntil(ctx context.Context, t Time) error {
	if left := t.Sub(Now()); left > coarse {
		timer := time.NewTimer(left - coarse)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	precise(t)
	return nil
}
