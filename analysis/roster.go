package analysis

import "github.com/stickybench/stickybench/internal/wire"

// roster finds sessions by their number. It is a table of open addressing, at most three quarters full: to
// find, add or remove one touches one place in memory, where a map touches several.
type roster struct {
	seats []seat // a power of two of them
	shift uint   // leaves as many high bits of a hash as number the seats
	count int
}

type seat struct {
	id      wire.SessionID
	session *session
}

func newRoster() roster { return roster{seats: make([]seat, 64), shift: 64 - 6} }

// start is where the seat of a number is looked for at first.
func (r *roster) start(id wire.SessionID) int {
	return int((uint64(id.User)<<32 | uint64(id.Session)) * 0x9e3779b97f4a7c15 >> (r.shift & 63)) // Fibonacci hashing
}

func (r *roster) after(i int) int { return (i + 1) & (len(r.seats) - 1) }

// seat is the one of that number, or the free one where it belongs.
func (r *roster) seat(id wire.SessionID) int {
	i := r.start(id)
	for r.seats[i].session != nil && r.seats[i].id != id {
		i = r.after(i)
	}
	return i
}

// find gives the session of that number; nil where there is none.
func (r *roster) find(id wire.SessionID) *session { return r.seats[r.seat(id)].session }

// add takes a session whose number is not in the roster.
func (r *roster) add(s *session) {
	if r.count++; 4*r.count > 3*len(r.seats) {
		r.grow()
	}
	r.seats[r.seat(s.id)] = seat{s.id, s}
}

func (r *roster) grow() {
	before := r.seats
	r.seats, r.shift = make([]seat, 2*len(before)), r.shift-1
	for _, taken := range before {
		if taken.session != nil {
			r.seats[r.seat(taken.id)] = taken
		}
	}
}

// remove moves those up that sit behind only because the seat was taken.
func (r *roster) remove(id wire.SessionID) {
	free := r.seat(id)
	if r.seats[free].session == nil {
		return
	}
	r.count--
	far := func(from, to int) int { return (to - from) & (len(r.seats) - 1) }
	for i := r.after(free); r.seats[i].session != nil; i = r.after(i) {
		if far(r.start(r.seats[i].id), i) >= far(free, i) {
			r.seats[free] = r.seats[i]
			free = i
		}
	}
	r.seats[free] = seat{}
}
