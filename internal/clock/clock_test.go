package clock

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestSleepNeverReturnsEarly(t *testing.T) {
	for _, d := range []time.Duration{0, 50 * time.Microsecond, 250 * time.Microsecond, 3 * time.Millisecond} {
		due := Now().Add(d)
		if err := SleepUntil(context.Background(), due); err != nil {
			t.Fatal(err)
		}
		if Now() < due {
			t.Errorf("sleep of %v returned %v early", d, due.Sub(Now()))
		}
	}
}

func TestSleepIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
}

func TestNowFollowsTheWallClock(t *testing.T) {
	if d := time.Since(Now().Wall()).Abs(); d > time.Minute {
		t.Fatalf("Now is %v off the wall clock", d)
	}
}
