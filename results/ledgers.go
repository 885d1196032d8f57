package results

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
)

// Ledgers reads the ledgers of all instances as one, in order of End.
type Ledgers struct {
	heap []*ledger // by the end of each one's next record
}

// ledger is one instance's file with its next record.
type ledger struct {
	*cursor[Serve]
	head Serve
}

// Ledgers opens all ledgers; close them after use.
func (d *Dir) Ledgers() (*Ledgers, error) {
	paths, err := filepath.Glob(d.file("serves-*.log"))
	if err != nil {
		return nil, fmt.Errorf("listing the ledgers of %s: %w", d.path, err)
	}
	slices.Sort(paths)
	all := &Ledgers{}
	for _, path := range paths {
		if err := all.open(d, path); err != nil {
			all.Close()
			return nil, err
		}
	}
	slices.SortStableFunc(all.heap, func(a, b *ledger) int { return int(a.head.End - b.head.End) })
	return all, nil
}

func (l *Ledgers) open(d *Dir, path string) error {
	c, err := newCursor(d, path, kindServe, serveWidth, decodeServe)
	if err != nil {
		return err
	}
	one := &ledger{cursor: c}
	more, err := c.next(&one.head)
	if !more {
		c.close()
		return err
	}
	l.heap = append(l.heap, one)
	return nil
}

// End is when the next record ended; false when there is none left.
func (l *Ledgers) End() (at clock.Time, more bool) {
	if len(l.heap) == 0 {
		return 0, false
	}
	return l.heap[0].head.End, true
}

// Next puts the next record into s; false when there is none left.
func (l *Ledgers) Next(s *Serve) (more bool, err error) {
	if len(l.heap) == 0 {
		return false, nil
	}
	first := l.heap[0]
	*s = first.head
	if more, err = first.next(&first.head); err != nil {
		return false, err
	}
	if !more {
		first.close()
		last := len(l.heap) - 1
		l.heap[0] = l.heap[last]
		l.heap = l.heap[:last]
	}
	l.sink()
	return true, nil
}

// sink restores the order after the first ledger has moved on.
func (l *Ledgers) sink() {
	for i := 0; ; {
		least := 2*i + 1
		if least >= len(l.heap) {
			return
		}
		if other := least + 1; other < len(l.heap) && l.heap[other].head.End < l.heap[least].head.End {
			least = other
		}
		if l.heap[i].head.End <= l.heap[least].head.End {
			return
		}
		l.heap[i], l.heap[least] = l.heap[least], l.heap[i]
		i = least
	}
}

// Close closes what is still open.
func (l *Ledgers) Close() {
	for _, one := range l.heap {
		one.close()
	}
	l.heap = nil
}
