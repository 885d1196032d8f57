package results

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
)

// Exchanges streams exchanges.log in file order. Unreadable blocks are skipped and said by Warnings.
func (d *Dir) Exchanges() iter.Seq2[Exchange, error] {
	return func(yield func(Exchange, error) bool) {
		path := d.file("exchanges.log")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			d.warn("exchanges.log is missing: no request was recorded")
			return
		}
		stream(d, path, kindExchange, exchangeWidth, decodeExchange, yield)
	}
}

// Serves streams the ledgers of all instances, file by file.
func (d *Dir) Serves() iter.Seq2[Serve, error] {
	return func(yield func(Serve, error) bool) {
		paths, err := filepath.Glob(d.file("serves-*.log"))
		if err != nil {
			yield(Serve{}, err)
			return
		}
		slices.Sort(paths)
		for _, path := range paths {
			if !stream(d, path, kindServe, serveWidth, decodeServe, yield) {
				return
			}
		}
	}
}

// stream yields every good record of one log; false when the consumer stopped.
func stream[T any](d *Dir, path string, kind byte, width int, decode func([]byte, []string) (T, bool), yield func(T, error) bool) bool {
	var none T
	f, err := os.Open(path)
	if err != nil {
		return yield(none, fmt.Errorf("reading %s: %w", filepath.Base(path), cause(err)))
	}
	defer f.Close()
	blocks := newBlockReader(f, kind, width)
	for {
		list, records, err := blocks.next()
		if err != nil {
			d.warnGaps(filepath.Base(path), blocks.gaps)
			return errors.Is(err, io.EOF) || yield(none, fmt.Errorf("%s: %w", filepath.Base(path), err))
		}
		for ; len(records) > 0; records = records[width:] {
			if record, ok := decode(records[:width], list); ok && !yield(record, nil) {
				return false
			}
		}
	}
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
