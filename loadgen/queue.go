package loadgen

import "github.com/stickybench/stickybench/internal/clock"

// due is one user's next step.
type due struct {
	at   clock.Time
	slot uint32
}

// queue is a binary heap by due time; equal times go by slot so that order is repeatable.
type queue struct{ heap []entry }

// entry is a due in 12 bytes: as a pair it would be padded to 16.
type entry struct{ high, low, slot uint32 }

// fewest is the room that a queue begins with.
const fewest = 1024

func pack(d due) entry { return entry{uint32(d.at >> 32), uint32(d.at), d.slot} }

func (e entry) at() clock.Time { return clock.Time(e.high)<<32 | clock.Time(e.low) }

func (e entry) before(f entry) bool {
	a, b := e.at(), f.at()
	return a < b || a == b && e.slot < f.slot
}

func (q *queue) len() int { return len(q.heap) }

// next is when the first is due; the queue must not be empty.
func (q *queue) next() clock.Time { return q.heap[0].at() }

func (q *queue) push(d due) {
	if len(q.heap) == cap(q.heap) {
		q.grow()
	}
	e, i := pack(d), len(q.heap)
	h := q.heap[:i+1]
	for i > 0 && e.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = e
	q.heap = h
}

func (q *queue) pop() due {
	h := q.heap
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	q.heap = h
	i := 0
	for child := 1; child < len(h); child = 2*i + 1 {
		if child+1 < len(h) && h[child+1].before(h[child]) {
			child++
		}
		if last.before(h[child]) {
			break
		}
		h[i] = h[child]
		i = child
	}
	if len(h) > 0 {
		h[i] = last
	}
	return due{top.at(), top.slot}
}

// grow doubles the room, which takes no memory until it is used.
func (q *queue) grow() {
	larger := mapped[entry](max(fewest, 2*cap(q.heap)))[:len(q.heap)]
	copy(larger, q.heap)
	unmap(q.heap)
	q.heap = larger
}

// free gives the memory back; the queue is empty then.
func (q *queue) free() {
	unmap(q.heap)
	q.heap = nil
}
