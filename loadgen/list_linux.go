package loadgen

// A connection can be in several lists of one engine, each ordered by time.
const (
	awaited    = iota // in flight, by deadline
	connecting        // by when connecting began
	unanswered        // written, no byte received yet, by when
	idling            // kept, by when the last answer was done
	lists
)

// links are the neighbours in one list, as places in the table of connections; 0 = none, or itself not
// in the list. Place 0 of the table is the head of every list.
type links struct{ prev, next uint32 }

// table is every connection of an engine by place; place 0 is the lists' head.
type table struct {
	all   []*socket
	free  []uint32
	spare []*socket // closed ones, to be used again
}

func newTable() table { return table{all: []*socket{{}}} }

// add gives s a place.
func (t *table) add(s *socket) {
	if n := len(t.free); n > 0 {
		s.place = t.free[n-1]
		t.free = t.free[:n-1]
		t.all[s.place] = s
		return
	}
	s.place = uint32(len(t.all))
	t.all = append(t.all, s)
}

// count is how many connections there are.
func (t *table) count() int { return len(t.all) - 1 - len(t.free) }

func (t *table) remove(s *socket) {
	for list := range lists {
		t.unlink(list, s)
	}
	t.all[s.place] = nil
	t.free = append(t.free, s.place)
	t.spare = append(t.spare, s)
}

// fresh gives a socket that is in no use.
func (t *table) fresh() *socket {
	if n := len(t.spare); n > 0 {
		s := t.spare[n-1]
		t.spare = t.spare[:n-1]
		return s
	}
	return &socket{}
}

func (t *table) in(list int, s *socket) bool {
	return s.links[list].prev != 0 || t.all[0].links[list].next == s.place
}

// push puts s at the end of the list.
func (t *table) push(list int, s *socket) {
	head := t.all[0]
	last := head.links[list].prev
	s.links[list] = links{prev: last}
	t.all[last].links[list].next = s.place
	head.links[list].prev = s.place
}

func (t *table) unlink(list int, s *socket) {
	if !t.in(list, s) {
		return
	}
	l := s.links[list]
	t.all[l.prev].links[list].next = l.next
	t.all[l.next].links[list].prev = l.prev
	s.links[list] = links{}
}

// first is the oldest in the list, or nil.
func (t *table) first(list int) *socket {
	if place := t.all[0].links[list].next; place != 0 {
		return t.all[place]
	}
	return nil
}
