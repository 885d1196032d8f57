package loadgen

// slab is a growing list whose elements stay where they are: growth adds a piece and copies nothing, so
// a million users never exist twice.
type slab[T any] struct {
	pieces [][]T
	n      int
}

const slabPiece = 4096

func (s *slab[T]) at(i uint32) *T { return &s.pieces[i/slabPiece][i%slabPiece] }

// add gives the place of a new zero element.
func (s *slab[T]) add() uint32 {
	if s.n%slabPiece == 0 {
		s.pieces = append(s.pieces, make([]T, slabPiece))
	}
	s.n++
	return uint32(s.n - 1)
}
