package spelling

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"affinity.broken_ratio", "errors.ratio", "latency.response.p99"}
	for word, want := range map[string]string{"affinity.broke_ratio": known[0], "error.ratio": known[1],
		"latency.respons.p9": known[2], "zzzzzzzzzzzzzzzzzzzzzzzz": ""} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

// The distances of the textbook.
func TestEdits(t *testing.T) {
	for pair, want := range map[[2]string]int{{"kitten", "sitting"}: 3, {"", "abc"}: 3, {"flaw", "lawn"}: 2, {"same", "same"}: 0} {
		if got := Edits(pair[0], pair[1]); got != want {
			t.Errorf("%v: got %d, want %d", pair, got, want)
		}
	}
}
