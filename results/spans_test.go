package results

import (
	"testing"
	"time"
)

// The spans fill bytes that were reserved: they come back exactly, or as the nearest that fits.
func TestSpansRoundTrip(t *testing.T) {
	for in, want := range map[StoreSpans]StoreSpans{
		{}: {},
		{Wait: 1, Encode: 2, RoundTrip: 17 * time.Minute, Decode: 255, Trip: 256, Late: 700}: {Wait: 1, Encode: 2, RoundTrip: 17 * time.Minute, Decode: 255, Trip: 256, Late: 700},
		{Wait: time.Hour, Encode: -1, Late: time.Minute}:                                     {Wait: 1<<40 - 1, Late: (1<<24 - 1) * lateUnit},
	} {
		text := appendServe(nil, &Serve{Instance: "b1", Spans: in}, new(names))
		var got Serve
		ok := decodeServe(&got, text, []string{"b1"})
		if len(text) != serveWidth || !ok || got.Spans != want {
			t.Errorf("%+v: %d bytes, got %+v", in, len(text), got.Spans)
		}
	}
}
