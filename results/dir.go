package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// RunSchema is the schema of run.json.
const RunSchema = "stickybench/run/v1"

// Dir is a run directory.
type Dir struct {
	path     string
	mu       sync.Mutex // orders appends to the JSON Lines files
	warnings []string
}

// Create makes a new run directory; one that already holds a run is refused.
func Create(path string) (*Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(abs, "experiment.yaml")); err == nil {
		return nil, fmt.Errorf("%s already holds a run; choose another --out or remove it", path)
	}
	if err := os.MkdirAll(abs, 0o755); err != nil {
		return nil, fmt.Errorf("creating the run directory %s: %w; choose a writable --out", path, cause(err))
	}
	return &Dir{path: abs}, nil
}

// cause strips the path that the message names already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Open opens a run directory for reading.
func Open(path string) (*Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{path: abs}
	if _, err := d.Run(); err != nil {
		return nil, err
	}
	return d, nil
}

// Path is the directory's absolute path.
func (d *Dir) Path() string { return d.path }

func (d *Dir) file(name string) string { return filepath.Join(d.path, name) }

// ServePath is where an instance keeps its ledger.
func (d *Dir) ServePath(instance string) string { return d.file("serves-" + instance + ".log") }

// WriteExperiment writes the resolved experiment.
func (d *Dir) WriteExperiment(text []byte) error { return replace(d.file("experiment.yaml"), text) }

// Experiment reads the resolved experiment.
func (d *Dir) Experiment() ([]byte, error) { return os.ReadFile(d.file("experiment.yaml")) }

// WriteRun replaces run.json.
func (d *Dir) WriteRun(r Run) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding run.json: %w", err)
	}
	return replace(d.file("run.json"), append(text, '\n'))
}

// Run reads run.json.
func (d *Dir) Run() (r Run, err error) {
	text, err := os.ReadFile(d.file("run.json"))
	if err != nil && IsComparison(d.path) {
		return r, fmt.Errorf("%s is a comparison; give one of its runs, such as %s", d.path, d.file("block-1/ARM"))
	}
	if err != nil {
		return r, fmt.Errorf("%s is not a run directory: run.json: %w; give a directory that `stickybench run` made", d.path, cause(err))
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("%s: not readable: %w; the run cannot be analyzed", d.file("run.json"), err)
	}
	if r.Schema != RunSchema {
		return r, fmt.Errorf("%s: schema %q, this program reads %q; use the stickybench that wrote it", d.file("run.json"), r.Schema, RunSchema)
	}
	return r, nil
}

// WriteReport replaces report.json.
func (d *Dir) WriteReport(r *Report) error { return writeReport(d.file("report.json"), r) }

func writeReport(path string, r *Report) error {
	text, err := r.Encode()
	if err != nil {
		return err
	}
	return replace(path, text)
}

// replace writes a file so that a reader sees the old or the new one whole.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w; choose a writable --out", path, cause(err))
	}
	defer os.Remove(f.Name()) // gone after a successful rename
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return writeError(path, cause(err))
	}
	return os.Rename(f.Name(), path)
}

// ExchangeLog opens exchanges.log for appending.
func (d *Dir) ExchangeLog() (*ExchangeLog, error) {
	f, err := openAppend(d.file("exchanges.log"))
	if err != nil {
		return nil, err
	}
	return &ExchangeLog{file: f}, nil
}

// Warnings says what the readers had to leave out so far.
func (d *Dir) Warnings() []string { return d.warnings }

func (d *Dir) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	for _, have := range d.warnings {
		if have == text {
			return
		}
	}
	d.warnings = append(d.warnings, text)
}
