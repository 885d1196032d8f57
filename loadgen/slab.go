package loadgen

import "unsafe"

// slab is a growing list whose elements stay where they are: growth adds a piece and copies nothing, so
// a million users never exist twice. Elements have no pointers.
type slab[T any] struct {
	pieces [][]T
	n      int
}

const slabPiece = 4096

func (s *slab[T]) at(i uint32) *T { return &s.pieces[i/slabPiece][i%slabPiece] }

// add gives the place of a new zero element.
func (s *slab[T]) add() uint32 {
	if s.n%slabPiece == 0 {
		s.pieces = append(s.pieces, mapped[T](slabPiece))
	}
	s.n++
	return uint32(s.n - 1)
}

// free gives the memory back; no element may be used after it.
func (s *slab[T]) free() {
	for _, piece := range s.pieces {
		unmap(piece)
	}
	*s = slab[T]{}
}

// mapped gives n zero elements outside the heap, which may grow to twice of what lives in it before it is
// collected. The collector does not see them, so that they must be freed, and T must have no pointers.
func mapped[T any](n int) []T {
	var t T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(mapBytes(n*int(unsafe.Sizeof(t)))))), n)
}

// unmap frees what mapped gave.
func unmap[T any](list []T) {
	if cap(list) == 0 {
		return
	}
	var t T
	unmapBytes(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), cap(list)*int(unsafe.Sizeof(t))))
}
