package analysis

import (
	"cmp"
	"slices"

	"github.com/stickybench/stickybench/internal/wire"
	"github.com/stickybench/stickybench/results"
)

// Of the timeline: how many sessions with violations and how many others it shows, and how much of each.
const (
	sampledTroubled = 50
	sampledOthers   = 30
	sampledSpans    = 120
	keptSteps       = 400
	shownSteps      = 30
	aroundViolation = 6
)

// sample keeps the sessions of the timeline: those with violations, unexcused first, and of the others
// the ones with the smallest hash, which is an even sample that one pass can take.
type sample struct {
	run        results.Run
	violations map[wire.SessionID][]results.Violation
	troubled   map[wire.SessionID]*results.SessionRow
	others     map[wire.SessionID]*results.SessionRow
	limit      uint64 // greatest hash among the others, once there are enough
	playing    map[wire.SessionID]struct{}
	total      int // sessions that have begun
}

func newSample(run results.Run, violations []results.Violation) *sample {
	s := &sample{run: run, limit: ^uint64(0), violations: map[wire.SessionID][]results.Violation{}, troubled: map[wire.SessionID]*results.SessionRow{},
		others: map[wire.SessionID]*results.SessionRow{}, playing: map[wire.SessionID]struct{}{}}
	for _, wantExcused := range []bool{false, true} {
		for _, v := range violations {
			id, err := wire.ParseSessionID(v.Session)
			if err != nil || v.Excused != wantExcused {
				continue
			}
			if s.troubled[id] == nil && len(s.troubled) < sampledTroubled {
				s.troubled[id] = s.row(id, 0)
			}
			if s.troubled[id] != nil {
				s.violations[id] = append(s.violations[id], v)
			}
		}
	}
	return s
}

func (s *sample) row(id wire.SessionID, profile uint8) *results.SessionRow {
	row := &results.SessionRow{ID: id.String()}
	if int(profile) < len(s.run.Profiles) {
		row.Profile = s.run.Profiles[profile]
	}
	return row
}

func (s *sample) add(e *results.Exchange) {
	if e.Failure == results.Dropped {
		return
	}
	s.attend(e)
	row := s.troubled[e.ID]
	if row == nil {
		row = s.other(e)
	}
	if row == nil {
		return
	}
	at, done := seconds(s.run.Start, e.Sent), seconds(s.run.Start, e.Done)
	if row.Requests == 0 {
		row.From, row.Profile = at, s.row(e.ID, e.Profile).Profile
	}
	row.Requests++
	row.To = max(row.To, done)
	if len(row.Steps) < keptSteps {
		row.Steps = append(row.Steps, results.Step{Seq: e.Seq, At: at, Took: done - at, Write: e.Flags&results.Write != 0, Instance: e.Instance, State: stateText(e)})
	}
	extend(row, results.Span{From: at, To: done, Instance: e.Instance})
}

// attend counts sessions and remembers only those that go on.
func (s *sample) attend(e *results.Exchange) {
	if _, known := s.playing[e.ID]; !known {
		s.total++
		s.playing[e.ID] = struct{}{}
	}
	if e.Flags&results.Last != 0 {
		delete(s.playing, e.ID)
	}
}

// extend lengthens the last span, or begins another when another instance answered.
func extend(row *results.SessionRow, span results.Span) {
	if last := len(row.Spans) - 1; last >= 0 && (row.Spans[last].Instance == span.Instance || len(row.Spans) == sampledSpans) {
		row.Spans[last].To = max(row.Spans[last].To, span.To)
		return
	}
	row.Spans = append(row.Spans, span)
}

// other is the row of a session that is in the even sample.
func (s *sample) other(e *results.Exchange) *results.SessionRow {
	if row := s.others[e.ID]; row != nil {
		return row
	}
	if hash(e.ID) >= s.limit {
		return nil
	}
	s.others[e.ID] = s.row(e.ID, e.Profile)
	if len(s.others) > sampledOthers {
		var worst wire.SessionID
		var greatest uint64
		for id := range s.others {
			if h := hash(id); h >= greatest {
				worst, greatest = id, h
			}
		}
		delete(s.others, worst)
		s.limit = greatest
	}
	return s.others[e.ID]
}

// hash is SplitMix64 of the session's number.
func hash(id wire.SessionID) uint64 {
	z := uint64(id.User)<<32 | uint64(id.Session)
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// rows are the sampled sessions in order of their first request.
func (s *sample) rows() []results.SessionRow {
	rows := []results.SessionRow{}
	for id, row := range s.troubled {
		row.Violations = s.violations[id]
		if row.Requests > 0 {
			rows = append(rows, *row)
		}
	}
	for _, row := range s.others {
		rows = append(rows, *row)
	}
	for i := range rows {
		rows[i].Steps = telling(rows[i].Steps, rows[i].Violations)
	}
	slices.SortFunc(rows, func(a, b results.SessionRow) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.ID, b.ID))
	})
	return rows
}

// telling keeps the first steps and those around the first violations.
func telling(steps []results.Step, violations []results.Violation) []results.Step {
	keep := make([]bool, len(steps))
	for i := range min(shownSteps, len(keep)) {
		keep[i] = true
	}
	for _, v := range violations[:min(len(violations), aroundViolation)] {
		for i, step := range steps {
			if step.At+step.Took >= v.At {
				for j := max(0, i-aroundViolation); j <= min(i+aroundViolation, len(steps)-1); j++ {
					keep[j] = true
				}
				break
			}
		}
	}
	var kept []results.Step
	for i, step := range steps {
		if keep[i] {
			kept = append(kept, step)
		}
	}
	return kept
}
