package analysis

import (
	"cmp"
	"maps"
	"slices"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// Sessions judges every session of a run, in order of user and session.
func Sessions(d *results.Dir) ([]results.SessionRecord, error) {
	in, err := open(d)
	if err != nil {
		return nil, err
	}
	j, found := newJudge(in), map[wire.SessionID]results.SessionRecord{}
	j.census.each = func(s *session) { found[s.id] = s.record() }
	if _, err := sweep(in, j); err != nil {
		return nil, err
	}
	list := make([]results.SessionRecord, 0, len(found))
	for _, id := range slices.SortedFunc(maps.Keys(found), func(a, b wire.SessionID) int {
		return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Session, b.Session))
	}) {
		list = append(list, found[id])
	}
	return list, nil
}

func (s *session) record() results.SessionRecord {
	word := func(k kind) string { return [...]string{"no", "excused", "unexcused"}[s.found[k]] }
	return results.SessionRecord{Session: s.id.String(), Placed: s.placed, Requests: int64(s.requests), FollowUps: int64(s.followUps), Stayed: int64(s.stayed),
		Eligible: s.requests > 0 && s.eligible(), Broken: s.requests > 0 && s.eligible() && s.broken,
		Lost: word(lost), Stale: word(stale), Fork: word(fork), Duplicate: word(duplicate), Leak: word(leak)}
}
