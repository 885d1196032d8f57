package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// WriteChange appends one pool event. Safe for concurrent use.
func (d *Dir) WriteChange(c Change) error { return d.appendLine("changes.jsonl", c) }

// WriteSample appends one sample. Safe for concurrent use.
func (d *Dir) WriteSample(s Sample) error { return d.appendLine("samples.jsonl", s) }

// Changes reads the pool events.
func (d *Dir) Changes() ([]Change, error) { return readLines[Change](d, "changes.jsonl") }

// Samples reads the samples.
func (d *Dir) Samples() ([]Sample, error) { return readLines[Sample](d, "samples.jsonl") }

// appendLine opens the file anew each time: these events are rare, and a line is one write.
func (d *Dir) appendLine(name string, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding a line of %s: %w", name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f, err := openAppend(d.file(name))
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return writeError(f.Name(), errors.Join(err, f.Close()))
}

func readLines[T any](d *Dir, name string) (lines []T, err error) {
	f, err := os.Open(d.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, cause(err))
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for n := 1; ; n++ {
		// Not a Scanner: a line may be as long as damage makes it.
		text, err := r.ReadBytes('\n')
		if len(text) > 0 {
			var line T
			if json.Unmarshal(text, &line) == nil {
				lines = append(lines, line)
			} else {
				d.warn("%s:%d: unreadable line skipped", name, n)
			}
		}
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, fmt.Errorf("reading %s: %w", name, cause(err))
		}
	}
}
