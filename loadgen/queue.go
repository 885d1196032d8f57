package loadgen

import "github.com/stickybench/stickybench/internal/clock"

// due is one user's next step.
type due struct {
	at   clock.Time
	slot uint32
}

// queue is a binary heap by due time; equal times go by slot so that order is repeatable.
type queue []due

func (d due) before(e due) bool { return d.at < e.at || d.at == e.at && d.slot < e.slot }

func (q *queue) push(d due) {
	h := append(*q, d)
	i := len(h) - 1
	for i > 0 && d.before(h[(i-1)/2]) {
		h[i] = h[(i-1)/2]
		i = (i - 1) / 2
	}
	h[i] = d
	*q = h
}

func (q *queue) pop() due {
	h := *q
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	*q = h
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
	return top
}
