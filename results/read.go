package results

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Exchanges streams exchanges.log in file order: each shard's in order of Done, those of different
// shards at most a tenth of a second apart. Unreadable blocks are skipped and said by Warnings.
func (d *Dir) Exchanges() iter.Seq2[Exchange, error] {
	return func(yield func(Exchange, error) bool) {
		for batch, err := range d.ExchangeBatches() {
			for i := range batch {
				if !yield(batch[i], nil) {
					return
				}
			}
			if err != nil {
				yield(Exchange{}, err)
			}
		}
	}
}

// exchangeBatch is how many exchanges are decoded at once: few enough to stay in the processor's first cache.
const exchangeBatch = 64

// ExchangeBatches streams the same some records at a time; they hold until the next are asked for. An
// error comes last, with what was read before it.
func (d *Dir) ExchangeBatches() iter.Seq2[[]Exchange, error] {
	return func(yield func([]Exchange, error) bool) {
		path := d.file("exchanges.log")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			d.warn("exchanges.log is missing: no request was recorded")
			return
		}
		c, err := newCursor(d, path, kindExchange, exchangeWidth, decodeExchange)
		if err != nil {
			yield(nil, err)
			return
		}
		defer c.close()
		batch := make([]Exchange, exchangeBatch)
		for {
			n, err := c.fill(batch)
			if n == 0 && err == nil || !yield(batch[:n], err) || err != nil {
				return
			}
		}
	}
}

// Serves streams the ledgers of all instances, each in file order and together in order of End.
func (d *Dir) Serves() iter.Seq2[Serve, error] {
	return func(yield func(Serve, error) bool) {
		ledgers, err := d.Ledgers()
		if err != nil {
			yield(Serve{}, err)
			return
		}
		defer ledgers.Close()
		var s Serve
		for {
			more, err := ledgers.Next(&s)
			if err == nil && !more || !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// cursor reads one log, record by record.
type cursor[T any] struct {
	dir     *Dir
	file    *os.File
	blocks  *blockReader
	decode  func(*T, []byte, []string) bool
	list    []string
	records []byte
}

func newCursor[T any](d *Dir, path string, kind byte, width int, decode func(*T, []byte, []string) bool) (*cursor[T], error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Base(path), cause(err))
	}
	return &cursor[T]{dir: d, file: f, blocks: newBlockReader(f, kind, width), decode: decode}, nil
}

func (c *cursor[T]) close() { _ = c.file.Close() } // only read

// next puts the next good record into v; false when there is none left.
func (c *cursor[T]) next(v *T) (more bool, err error) {
	for {
		for width := c.blocks.width; len(c.records) > 0; {
			record := c.records[:width]
			c.records = c.records[width:]
			if c.decode(v, record, c.list) {
				return true, nil
			}
		}
		if c.list, c.records, err = c.blocks.next(); err != nil {
			name := filepath.Base(c.file.Name())
			c.dir.warnGaps(name, c.blocks.gaps)
			if errors.Is(err, io.EOF) {
				return false, nil
			}
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
}

// fill puts the next good records into the batch; fewer when there are none left.
func (c *cursor[T]) fill(batch []T) (n int, err error) {
	for more := true; n < len(batch); n++ {
		if more, err = c.next(&batch[n]); !more {
			break
		}
	}
	return n, err
}

// saidGaps bounds the warnings about one log; a log of nothing but damage would make thousands.
const saidGaps = 5

func (d *Dir) warnGaps(name string, gaps []gap) {
	for _, g := range gaps[:min(len(gaps), saidGaps)] {
		d.warn("%s: unreadable from byte %d on: %d bytes skipped; their records are missing from this report", name, g.at, g.bytes)
	}
	if len(gaps) <= saidGaps {
		return
	}
	rest := int64(0)
	for _, g := range gaps[saidGaps:] {
		rest += g.bytes
	}
	d.warn("%s: %d more unreadable places, %d bytes skipped; their records are missing from this report", name, len(gaps)-saidGaps, rest)
}
