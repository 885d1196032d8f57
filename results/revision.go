package results

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/internal/clock"
)

// Revision is the state of the user's repository that a run was made in; its zero value is an unknown one.
type Revision struct {
	Commit string `json:"commit"`          // full hash
	Dirty  bool   `json:"dirty,omitempty"` // tracked files had changes that no commit holds
	From   string `json:"from"`            // who said so: git, or the CI variable
}

// shownHash is as much of a hash as people read.
const shownHash = 12

// ShortHash is a commit as people read it.
func ShortHash(commit string) string { return commit[:min(len(commit), shownHash)] }

func (r Revision) String() string {
	switch {
	case r.Commit == "":
		return ""
	case r.Dirty:
		return ShortHash(r.Commit) + " with uncommitted changes"
	}
	return ShortHash(r.Commit)
}

// Brief is the revision as `git describe` writes it, for tables.
func (r Revision) Brief() string {
	if r.Dirty {
		return ShortHash(r.Commit) + "-dirty"
	}
	return ShortHash(r.Commit)
}

// Recorded is a run or comparison, when it began and the revision that it says it was made in.
type Recorded struct {
	Path     string
	Start    clock.Time
	Revision Revision
}

// RunPaths are the run directories of a result: itself, or those of a comparison's finished blocks.
func RunPaths(path string) (paths []string) {
	if !IsComparison(path) {
		return []string{path}
	}
	d, err := OpenComparison(path)
	if err != nil {
		return nil
	}
	for k := 1; k <= d.Plan.Blocks; k++ {
		if !d.Finished(k) {
			continue
		}
		for _, arm := range d.Plan.Arms {
			paths = append(paths, d.RunPath(k, arm.Name))
		}
	}
	return paths
}

// RecordOf reads what a run or comparison says of itself. A comparison whose blocks were made in several revisions is
// of none. It is false for what is neither, or cannot be read.
func RecordOf(path string) (r Recorded, ok bool) { return recordOf(path, RunPaths(path)) }

func recordOf(path string, runs []string) (r Recorded, ok bool) {
	for i, run := range runs {
		dir, err := Open(run)
		if err != nil {
			return r, false
		}
		said, err := dir.Run()
		if err != nil {
			return r, false
		}
		if i == 0 {
			r = Recorded{path, said.Start, said.Revision}
		} else if r.Revision != said.Revision {
			r.Revision = Revision{}
		}
	}
	return r, r.Path != ""
}

// OfRevision lists the results below root that were made in the commit, given whole or by its first digits,
// newest first, and counts those whose uncommitted changes make them something else. A tag git:COMMIT
// speaks for a result that recorded no revision.
func OfRevision(root, commit string) (clean []Recorded, dirty int) {
	entries, _ := os.ReadDir(root) // no results, none of the revision
	for _, e := range entries {
		r, ok := RecordOf(filepath.Join(root, e.Name()))
		switch {
		case !ok:
		case r.Revision.Commit == "" && taggedWith(r.Path, commit), !r.Revision.Dirty && isOf(r.Revision.Commit, commit):
			clean = append(clean, r)
		case r.Revision.Dirty && isOf(r.Revision.Commit, commit):
			dirty++
		}
	}
	slices.SortStableFunc(clean, func(a, b Recorded) int { return cmp.Compare(b.Start, a.Start) })
	return clean, dirty
}

func isOf(have, commit string) bool { return have != "" && strings.HasPrefix(have, commit) }

// revisionTag is a commit by enough of its digits to be meant.
var revisionTag = regexp.MustCompile(`^git:([0-9a-f]{7,40})$`)

func taggedWith(path, commit string) bool {
	tags, err := Tags(path)
	return err == nil && slices.ContainsFunc(tags, func(tag string) bool {
		said := revisionTag.FindStringSubmatch(tag)
		return said != nil && (strings.HasPrefix(commit, said[1]) || strings.HasPrefix(said[1], commit))
	})
}
