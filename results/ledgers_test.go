package results

import (
	"fmt"
	"testing"

	"github.com/stickybench/stickybench/internal/clock"
)

// Three ledgers of unequal length, one of them empty, come back as one in order of End.
func TestLedgersAreReadInOrderOfEnd(t *testing.T) {
	d := created(t)
	written := 0
	for i, ends := range [][]clock.Time{{1, 4, 5, 5, 9}, {}, {2, 3, 10, 11, 12, 13}, {6}} {
		log, err := OpenServeLog(d.ServePath(fmt.Sprintf("b%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range ends {
			if err := log.Append(&Serve{Instance: fmt.Sprintf("b%d", i), End: end}); err != nil {
				t.Fatal(err)
			}
			written++
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	last, read := clock.Time(0), 0
	for s, err := range d.Serves() {
		if err != nil || s.End < last {
			t.Fatalf("%v after %d, %v", s, last, err)
		}
		last, read = s.End, read+1
	}
	if read != written {
		t.Errorf("read %d of %d", read, written)
	}
}
