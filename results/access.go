package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// Access is the balancer's own account of one request, whichever balancer wrote it.
type Access struct {
	Time    clock.Time    `json:"time"` // when the balancer was done with it
	Client  string        `json:"client"`
	Method  string        `json:"method"`
	Path    string        `json:"path"`
	Status  int           `json:"status"`
	Session string        `json:"session,omitempty"` // the request's Stickybench-Session
	Seq     uint32        `json:"seq"`               // its Stickybench-Seq
	Tries   []Try         `json:"tries,omitempty"`   // instances it chose, in order; some balancers name the last one only
	Retries int           `json:"retries,omitempty"` // tries beyond the first, named or not
	Took    time.Duration `json:"took"`              // from the request's head to the end of the answer

	Unreadable string `json:"unreadable,omitempty"` // a line that could not be understood; nothing else is set then
}

// Try is one attempt on one instance.
type Try struct {
	Upstream string        `json:"upstream"`           // HOST:PORT
	Instance string        `json:"instance,omitempty"` // whose address that is
	Status   int           `json:"status,omitempty"`
	Took     time.Duration `json:"took,omitempty"` // connecting to the end of the answer; 0 = not told
}

// accessFile is the balancer's log in the run directory.
const accessFile = "access.jsonl"

// AccessLog is a balancer's log being written; one goroutine at a time may write.
type AccessLog struct {
	file   *os.File
	buffer *bufio.Writer
}

// OpenAccessLog opens or continues the log at path.
func OpenAccessLog(path string) (*AccessLog, error) {
	f, err := openAppend(path)
	if err != nil {
		return nil, err
	}
	return &AccessLog{f, bufio.NewWriter(f)}, nil
}

// AccessLog opens the run directory's log for appending.
func (d *Dir) AccessLog() (*AccessLog, error) { return OpenAccessLog(d.file(accessFile)) }

// Append adds one line; it is in the file after Flush.
func (l *AccessLog) Append(a Access) error {
	line, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encoding a line of %s: %w", filepath.Base(l.file.Name()), err)
	}
	_, err = l.buffer.Write(append(line, '\n'))
	return writeError(l.file.Name(), err)
}

// Flush writes what is gathered.
func (l *AccessLog) Flush() error { return writeError(l.file.Name(), l.buffer.Flush()) }

// Close flushes and closes the file.
func (l *AccessLog) Close() error { return errors.Join(l.Flush(), l.file.Close()) }

// AccessReader reads the balancer's log, line by line.
type AccessReader struct {
	file *os.File
	text *bufio.Reader
}

// Access opens the balancer's log; nil when there is none.
func (d *Dir) Access() (*AccessReader, error) {
	f, err := os.Open(d.file(accessFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", accessFile, cause(err))
	}
	return &AccessReader{f, bufio.NewReader(f)}, nil
}

// Next puts the next line into a; false when there is none left. A line that is damaged or cut short is Unreadable.
func (r *AccessReader) Next(a *Access) (more bool, err error) {
	text, err := r.text.ReadBytes('\n')
	if len(text) == 0 && errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("reading %s: %w", accessFile, cause(err))
	}
	*a = Access{}
	if json.Unmarshal(text, a) != nil {
		*a = Access{Unreadable: string(text)}
	}
	return true, nil
}

// Close closes the file.
func (r *AccessReader) Close() { _ = r.file.Close() } // only read
