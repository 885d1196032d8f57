package analysis

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// listed bounds the violations in a report.
const listed = 1000

// violation is one before it is put into words.
type violation struct {
	id             wire.SessionID
	at             clock.Time
	kind, from, to string
	excused        bool
	why            string
	replica        string // that it came through; empty where there is only one
}

// violations counts all and keeps those to be listed: the first in time, unexcused before excused.
type violations struct {
	total int
	kept  []violation
	full  bool // kept[listed-1] is the last that could be listed so far
}

func (v *violations) add(x violation) {
	v.total++
	if v.full && x.compare(v.kept[listed-1]) >= 0 {
		return
	}
	if v.kept = append(v.kept, x); len(v.kept) == 2*listed {
		v.cut()
	}
}

func (v *violations) cut() {
	slices.SortFunc(v.kept, violation.compare)
	v.kept = v.kept[:min(listed, len(v.kept))]
	v.full = len(v.kept) == listed
}

func (x violation) compare(y violation) int {
	if x.excused != y.excused {
		return btoi(x.excused) - btoi(y.excused)
	}
	return x.inTime(y)
}

func (x violation) inTime(y violation) int {
	if x.at != y.at {
		return cmp.Compare(x.at, y.at)
	}
	return cmp.Or(cmp.Compare(x.id.User, y.id.User), cmp.Compare(x.id.Session, y.id.Session), cmp.Compare(x.kind, y.kind),
		cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to), cmp.Compare(x.why, y.why))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// report lists them in time and says when some are left out.
func (v *violations) report(r *results.Report, start clock.Time) {
	v.cut()
	slices.SortFunc(v.kept, violation.inTime)
	if v.total > listed {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d violations were found; the first %d are listed", v.total, listed))
	}
	r.Violations = make([]results.Violation, 0, len(v.kept))
	for _, x := range v.kept {
		r.Violations = append(r.Violations, results.Violation{Session: x.id.String(), At: seconds(start, x.at), Kind: x.kind,
			From: x.from, To: x.to, Excused: x.excused, Why: x.why, Replica: x.replica})
	}
}
