package results

import "io"

// window is the part of a log that is being looked at: what was read and is not yet consumed.
type window struct {
	r        io.Reader
	buffer   []byte
	from, to int // in buffer
	err      error
}

const (
	// usualWindow is small, so that those of many ledgers stay in the processor's cache together.
	usualWindow = 1 << 16
	// mostWindow holds the largest block that a writer makes, and more.
	mostWindow = 2 * maxBlock
)

func newWindow(r io.Reader) window { return window{r: r, buffer: make([]byte, usualWindow)} }

// peek gives the next n bytes, or as many as are left or fit. They hold until the next peek.
func (w *window) peek(n int) []byte {
	if w.to-w.from < n {
		w.fill(n)
	}
	return w.buffer[w.from:min(w.from+n, w.to)]
}

// fill reads until n bytes are there, the window is as wide as it may be or the log ends.
func (w *window) fill(n int) {
	n = min(n, mostWindow)
	if len(w.buffer) < n {
		w.buffer = append(w.buffer, make([]byte, n-len(w.buffer))...)
	}
	w.to = copy(w.buffer, w.buffer[w.from:w.to])
	w.from = 0
	for w.to < n && w.err == nil {
		var read int
		read, w.err = w.r.Read(w.buffer[w.to:])
		w.to += read
	}
}

// discard consumes n bytes of those that were given last.
func (w *window) discard(n int) { w.from += n }
