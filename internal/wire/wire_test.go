package wire

import "testing"

func TestSessionIDRoundTrip(t *testing.T) {
	want := SessionID{User: 4294967295, Session: 7}
	got, err := ParseSessionID(want.String())
	if err != nil || got != want {
		t.Fatalf("got %v, %v; want %v", got, err, want)
	}
}

func TestParseSessionIDRefuses(t *testing.T) {
	for _, text := range []string{"", "1", "1.", "-1.2", "1.2x", "01.2", "1.2.3", "4294967296.0"} {
		if got, err := ParseSessionID(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestHeadDependsOnTheWholeHistory(t *testing.T) {
	first := Head(0, 1, 7)
	if Head(first, 2, 8) == Head(Head(0, 1, 9), 2, 8) {
		t.Error("another first write gives the same second head")
	}
	if Head(0, 1, 7) == Head(0, 2, 7) {
		t.Error("the version does not count")
	}
}
