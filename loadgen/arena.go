package loadgen

// arena hands out blocks of bytes from a few large pieces outside the collector's heap; a block costs no
// header. A block is a whole number of units within one piece.
type arena struct {
	pieces [][]byte
	used   uint32              // units of the last piece
	free   map[uint16][]uint32 // places of blocks given back, by their units
}

const (
	arenaUnit  = 8       // bytes
	arenaPiece = 1 << 17 // units: a piece is 1 MiB
)

// block is a place in an arena; zero units = none.
type block struct {
	place uint32 // in units
	units uint16
	count uint16 // of records, for the owner to keep in what would be padding
}

// take gives a block of at least size bytes with any content.
func (a *arena) take(size int) block {
	b := block{units: uint16((size + arenaUnit - 1) / arenaUnit)}
	if places := a.free[b.units]; len(places) > 0 {
		b.place = places[len(places)-1]
		a.free[b.units] = places[:len(places)-1]
		return b
	}
	if len(a.pieces) == 0 || a.used+uint32(b.units) > arenaPiece {
		a.pieces = append(a.pieces, mapped[byte](arenaPiece*arenaUnit))
		a.used = 0
	}
	b.place = uint32(len(a.pieces)-1)*arenaPiece + a.used
	a.used += uint32(b.units)
	return b
}

func (a *arena) give(b block) {
	if b.units == 0 {
		return
	}
	if a.free == nil {
		a.free = map[uint16][]uint32{}
	}
	a.free[b.units] = append(a.free[b.units], b.place)
}

// bytes are the block's, to be read and written until it is given back.
func (a *arena) bytes(b block) []byte {
	if b.units == 0 {
		return nil
	}
	start := b.place % arenaPiece * arenaUnit
	return a.pieces[b.place/arenaPiece][start : start+uint32(b.units)*arenaUnit]
}

// release gives all memory back; no block may be used after it.
func (a *arena) release() {
	for _, piece := range a.pieces {
		unmap(piece)
	}
	*a = arena{}
}
