package targets

import (
	"bytes"
	"strings"
	"sync"
)

// tail keeps the end of what a child wrote to its standard error.
type tail struct {
	mu   sync.Mutex
	text []byte
}

// tailBytes is plenty for an error message and its context.
const tailBytes = 4096

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(p), nil
}

// tailLines is how many last lines make up a message.
const tailLines = 3

// String joins the last lines into one.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(bytes.TrimSpace(t.text))) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-tailLines):], "; ")
}

// firstLine hands out the first line written to it and drops everything after.
type firstLine struct {
	text []byte
	line chan []byte // buffered, one
	sent bool
}

func (f *firstLine) Write(p []byte) (int, error) {
	if f.sent {
		return len(p), nil
	}
	f.text = append(f.text, p...)
	if i := bytes.IndexByte(f.text, '\n'); i >= 0 {
		f.line <- f.text[:i]
		f.sent = true
	}
	return len(p), nil
}
