package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/stickybench/stickybench/internal/wire"
)

// Merge makes one run of the shards of one: the same experiment and balancer, other users. Logs are
// sequences of self-contained blocks, so that one after the other is a log.
func Merge(out string, parts []*Dir) (err error) {
	runs := make([]Run, len(parts))
	for i, part := range parts {
		if runs[i], err = part.Run(); err != nil {
			return err
		}
		if err := sameExperiment(parts[0], part, runs[0], runs[i]); err != nil {
			return err
		}
	}
	if err := otherUsers(parts); err != nil {
		return err
	}
	d, err := Create(out)
	if err != nil {
		return err
	}
	text, err := parts[0].Experiment()
	if err != nil {
		return err
	}
	for _, name := range mergedLogs(parts) {
		if err := concatenate(d.file(name), parts, name); err != nil {
			return err
		}
	}
	return errors.Join(d.WriteExperiment(text), d.WriteRun(mergedRun(runs)), d.Seal())
}

func sameExperiment(first, part *Dir, a, b Run) error {
	one, err := first.Experiment()
	if err != nil {
		return err
	}
	two, err := part.Experiment()
	if err != nil {
		return err
	}
	if !bytes.Equal(one, two) || a.LB != b.LB || a.Seed != b.Seed || !slices.Equal(a.Profiles, b.Profiles) {
		return fmt.Errorf("%s and %s are not shards of one run: experiment, balancer or seed differ", first.path, part.path)
	}
	return nil
}

// otherUsers refuses parts that played the same session: they are runs of their own, to be compared.
func otherUsers(parts []*Dir) error {
	owner := map[wire.SessionID]int{}
	for i, part := range parts {
		for e, err := range part.Exchanges() {
			if err != nil {
				return err
			}
			if j, ok := owner[e.ID]; ok && j != i {
				return fmt.Errorf("session %s is in %s and in %s: these are two runs, not shards of one; use stickybench compare, or gate --baseline", e.ID, parts[j].path, part.path)
			}
			owner[e.ID] = i
		}
	}
	return nil
}

func mergedLogs(parts []*Dir) (names []string) {
	for _, part := range parts {
		for _, pattern := range []string{accessFile, "exchanges.log", "serves-*.log", "changes.jsonl", "samples.jsonl"} {
			paths, _ := filepath.Glob(filepath.Join(escaped(part.path), pattern)) // the patterns are good
			for _, path := range paths {
				names = append(names, filepath.Base(path))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func concatenate(path string, parts []*Dir, name string) error {
	f, err := openAppend(path)
	if err != nil {
		return err
	}
	for _, part := range parts {
		from, err := os.Open(part.file(name))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = io.Copy(f, from)
			err = errors.Join(err, from.Close())
		}
		if err != nil {
			return errors.Join(fmt.Errorf("merging %s: %w", name, cause(err)), f.Close())
		}
	}
	return writeError(path, f.Close())
}

// mergedRun sums what the generators did; of their lag it takes the worst.
func mergedRun(runs []Run) Run {
	m := runs[0]
	for _, r := range runs[1:] {
		m.Start, m.Measured, m.End = min(m.Start, r.Start), min(m.Measured, r.Measured), max(m.End, r.End)
		m.Interrupted = m.Interrupted || r.Interrupted
		if r.Revision != m.Revision {
			m.Revision = Revision{} // parts of several are of none
		}
		m.Warnings = append(m.Warnings, r.Warnings...)
		g := &m.Generator
		g.Shards, g.Offered, g.Sent, g.Dropped = g.Shards+r.Generator.Shards, g.Offered+r.Generator.Offered, g.Sent+r.Generator.Sent, g.Dropped+r.Generator.Dropped
		g.LagP50, g.LagP99, g.CPU = max(g.LagP50, r.Generator.LagP50), max(g.LagP99, r.Generator.LagP99), g.CPU+r.Generator.CPU
		g.DroppedCookies += r.Generator.DroppedCookies
	}
	for _, r := range runs {
		if r.End == 0 {
			m.End = 0 // one shard did not end by itself: neither did the whole
		}
	}
	return m
}
