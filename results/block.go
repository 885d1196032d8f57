package results

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A log is a sequence of self-contained blocks:
//
//	magic "SBLK" | version u8 | kind u8 | records u16 | names length u16 | record width u16 | crc32c u32
//	names: for each, length u16 and bytes | records
//
// The checksum covers the header before it and everything after it.
const (
	blockMagic    = "SBLK"
	formatVersion = 1
	blockHeader   = 16
	maxRecords    = 256
	maxNames      = 1 << 15
	kindExchange  = 'E'
	kindServe     = 'S'
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealBlock writes header and names before the records.
func sealBlock(out []byte, kind byte, width, count int, n *names, records []byte) []byte {
	start := len(out)
	out = append(out, blockMagic...)
	out = append(out, formatVersion, kind)
	out = le.AppendUint16(out, uint16(count))
	size := 0
	for _, name := range n.list {
		size += 2 + len(name)
	}
	out = le.AppendUint16(out, uint16(size))
	out = le.AppendUint16(out, uint16(width))
	out = le.AppendUint32(out, 0)
	for _, name := range n.list {
		out = le.AppendUint16(out, uint16(len(name)))
		out = append(out, name...)
	}
	out = append(out, records...)
	le.PutUint32(out[start+12:], blockSum(out[start:]))
	return out
}

func blockSum(block []byte) uint32 {
	return crc32.Update(crc32.Checksum(block[:12], castagnoli), castagnoli, block[blockHeader:])
}

// blockReader finds the good blocks of one log and counts what it had to skip.
type blockReader struct {
	window
	kind     byte
	width    int
	offset   int64
	taken    int // bytes of the block given last, still in the window
	gaps     []gap
	interned map[string]string
	list     []string
}

// gap is one stretch of bytes that hold no good block.
type gap struct{ at, bytes int64 }

// maxBlock is the largest block a writer makes.
const maxBlock = blockHeader + maxNames + maxRecords*exchangeWidth

func newBlockReader(r io.Reader, kind byte, width int) *blockReader {
	return &blockReader{window: newWindow(r), kind: kind, width: width, interned: map[string]string{}}
}

// errFuture is a log of a later format.
var errFuture = errors.New("unknown format")

// next gives the names and records of the next good block, valid until the following call.
func (b *blockReader) next() (list []string, records []byte, err error) {
	b.discard(b.taken)
	b.offset, b.taken = b.offset+int64(b.taken), 0
	for {
		head := b.peek(blockHeader)
		if len(head) < blockHeader {
			b.skip(len(head))
			return nil, nil, b.window.err
		}
		if string(head[:4]) != blockMagic {
			b.skip(b.toMagic())
			continue
		}
		if version := head[4]; version > formatVersion && b.sealed(head) {
			return nil, nil, fmt.Errorf("%w %d; this program reads up to %d: use a newer stickybench", errFuture, version, formatVersion)
		}
		if list, records, ok := b.take(head); ok {
			return list, records, nil
		}
		b.skip(1)
	}
}

// toMagic is how many bytes lie before the next possible block.
func (b *blockReader) toMagic() int {
	ahead := b.peek(mostWindow)
	if i := bytes.Index(ahead[1:], []byte(blockMagic)); i >= 0 {
		return i + 1
	}
	return max(1, len(ahead)-len(blockMagic)+1)
}

func (b *blockReader) skip(n int) {
	if n == 0 {
		return
	}
	b.discard(n)
	if last := len(b.gaps) - 1; last >= 0 && b.gaps[last].at+b.gaps[last].bytes == b.offset {
		b.gaps[last].bytes += int64(n)
	} else {
		b.gaps = append(b.gaps, gap{b.offset, int64(n)})
	}
	b.offset += int64(n)
}

// sealed says whether a whole block with a good checksum starts here. Its header means the same in
// every version, so that a flipped bit is not taken for a later one.
func (b *blockReader) sealed(head []byte) bool {
	total := blockHeader + int(le.Uint16(head[8:])) + int(le.Uint16(head[6:]))*int(le.Uint16(head[10:]))
	block := b.peek(total)
	return len(block) == total && blockSum(block) == le.Uint32(block[12:])
}

// take gives the block that starts here if it is whole and its checksum holds; the next call of next
// consumes it.
func (b *blockReader) take(head []byte) (list []string, records []byte, ok bool) {
	count, size, width := int(le.Uint16(head[6:])), int(le.Uint16(head[8:])), int(le.Uint16(head[10:]))
	if head[4] != formatVersion || head[5] != b.kind || width != b.width || count > maxRecords || size > maxNames {
		return nil, nil, false
	}
	total := blockHeader + size + count*width
	block := b.peek(total) // may move what head points to
	if len(block) < total || blockSum(block) != le.Uint32(block[12:]) {
		return nil, nil, false
	}
	if !b.readNames(block[blockHeader : blockHeader+size]) {
		return nil, nil, false
	}
	b.taken = total
	return b.list, block[blockHeader+size:], true
}

func (b *blockReader) readNames(text []byte) bool {
	last := b.list // most blocks repeat the names of the one before
	b.list = b.list[:0]
	for len(text) > 0 {
		if len(text) < 2 || len(text) < 2+int(le.Uint16(text)) {
			return false
		}
		n := 2 + int(le.Uint16(text))
		if i := len(b.list); i < len(last) && last[i] == string(text[2:n]) {
			b.list = last[:i+1]
		} else {
			b.list = append(b.list, b.intern(text[2:n]))
		}
		text = text[n:]
	}
	return true
}

// mostNames bounds the names kept: a header that differs with each answer may be taken for one.
const mostNames = 1 << 12

func (b *blockReader) intern(text []byte) string {
	name, ok := b.interned[string(text)]
	if !ok {
		if len(b.interned) == mostNames {
			clear(b.interned)
		}
		name = string(text)
		b.interned[name] = name
	}
	return name
}
