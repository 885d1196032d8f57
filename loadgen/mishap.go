package loadgen

import (
	"slices"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/results"
)

// mishaps are the faults that happen to clients, in the order of time. Each user meets each of them before its first
// request after it; a session that begins later meets none.
func mishaps(exp *profiles.Experiment) (list []profiles.Event) {
	for _, e := range exp.Events() {
		if e.Target == profiles.TheClients && !e.End {
			list = append(list, e)
		}
	}
	return list
}

// outlived counts the mishaps that lie before at.
func (s *shard) outlived(at clock.Time) uint16 {
	n := 0
	for n < len(s.mishaps) && s.start.Add(s.mishaps[n].At) <= at {
		n++
	}
	return uint16(n)
}

// meet lets happen to the user what lies before the step that is due at, and says what its records must say.
func (s *shard) meet(u *user, at clock.Time) (flags results.ExchangeFlags) {
	for until := s.outlived(at); u.met < until; u.met++ {
		flags |= s.suffer(u, s.mishaps[u.met].Action)
	}
	return flags
}

func (s *shard) suffer(u *user, action string) results.ExchangeFlags {
	damaged := false
	switch action {
	case "move":
		u.next |= isMove
	case "forget":
		damaged = s.jars.forget(&u.jar)
	case "garble":
		damaged = s.jars.garble(&u.jar)
	case "double": // users take turns, because balancers differ in which of two cookies they believe
		s.jars.double(&u.jar, [...]twin{elderTwin, youngerTwin}[u.id.User%2])
	case "replay":
		damaged = s.jars.exchange(&u.jar, &s.lent)
	}
	if damaged && u.keeps {
		return results.MarkerDropped
	}
	return 0
}

// after is when a step comes that would be due at: those that fall into a pause come as much later as it lasts, so that
// they do not all come at its end.
func (s *shard) after(at clock.Time) clock.Time {
	for _, m := range s.mishaps {
		if from := s.start.Add(m.At); m.Action == "pause" && at >= from && at < from.Add(m.For) {
			at = at.Add(m.For)
		}
	}
	return at
}

// lent is a marker that one client hands to the next.
type lent struct {
	number  uint16
	value   []byte
	expires clock.Time
}

// markers are copies of them all.
func (js *jars) markers(j *jar) (all []lent) {
	js.each(j, func(_ int, c cookie) bool {
		if c.marker {
			all = append(all, lent{js.index[c.trait], slices.Clone(c.value), c.expires})
		}
		return true
	})
	return all
}

// forget removes the markers and says whether there were any.
func (js *jars) forget(j *jar) (any bool) {
	for {
		var marker *kind
		js.each(j, func(_ int, c cookie) bool {
			if c.marker {
				marker = c.kind
			}
			return marker == nil
		})
		if marker == nil {
			return any
		}
		js.remove(j, marker.identity)
		any = true
	}
}

// garble changes the markers but keeps their shape: letters become letters, digits digits. It says whether there were any.
func (js *jars) garble(j *jar) (any bool) {
	b := js.arena.bytes(j.block)
	js.each(j, func(at int, c cookie) bool {
		if !c.marker {
			return true
		}
		any = true
		le.PutUint64(b[at+recordLine:], 0) // the line that set it did not set this
		turn(c.value)
		return true
	})
	return any
}

// double leaves a second cookie beside each marker, of the same name and path and with a value of the same shape. What
// answers set never replaces it.
func (js *jars) double(j *jar, age twin) {
	for _, l := range js.markers(j) {
		t := js.kinds[l.number].trait
		if t.twin != noTwin {
			continue
		}
		t.twin, t.dated, t.life = age, false, 0
		number, ok := js.number(t)
		if !ok {
			continue
		}
		turn(l.value)
		js.put(j, number, cookie{kind: &js.kinds[number], value: l.value}, 0)
	}
}

func turn(value []byte) {
	for i, x := range value {
		value[i] = turned(x)
	}
}

// turned is another letter or digit of the same kind, and of the same base if it may be hexadecimal.
func turned(x byte) byte {
	for _, set := range []string{"0123456789", "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ"} {
		if at := slices.Index([]byte(set), x); at >= 0 {
			return set[(at+len(set)/2)%len(set)]
		}
	}
	return x
}

// exchange takes the markers that the client before left, leaves its own, and says whether they are others than before.
func (js *jars) exchange(j *jar, left *[]lent) (other bool) {
	own := js.markers(j)
	if len(own) == 0 {
		return false
	}
	taken := *left
	*left = own
	if len(taken) == 0 {
		return false
	}
	js.forget(j)
	for _, l := range taken {
		js.add(j, l.number, cookie{kind: &js.kinds[l.number], value: l.value, expires: l.expires})
	}
	return !slices.EqualFunc(own, taken, func(a, b lent) bool { return a.number == b.number && slices.Equal(a.value, b.value) })
}
