package results

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
)

// ExchangeLog is the generator's log; each shard appends through a Buffer of its own.
type ExchangeLog struct {
	file *os.File
}

// Buffer is a new buffer on the log, for one goroutine.
func (l *ExchangeLog) Buffer() *ExchangeBuffer {
	return &ExchangeBuffer{file: l.file, records: make([]byte, 0, maxRecords*exchangeWidth)}
}

// Close closes the file. Every Buffer must have been flushed.
func (l *ExchangeLog) Close() error { return l.file.Close() }

// ExchangeBuffer gathers records into blocks. Blocks of several buffers may interleave in the file.
type ExchangeBuffer struct {
	file    *os.File
	names   names
	records []byte
	block   []byte
	count   int

	held, longest time.Duration
}

// Held is how long the file has kept its writers waiting, in all and at most at a time.
func (b *ExchangeBuffer) Held() (sum, longest time.Duration) { return b.held, b.longest }

// Append adds one record and writes the block when it is full.
func (b *ExchangeBuffer) Append(e *Exchange) error {
	b.records = appendExchange(b.records, e, &b.names)
	b.count++
	if b.count == maxRecords {
		return b.Flush()
	}
	return nil
}

// Flush writes what is gathered as one block.
func (b *ExchangeBuffer) Flush() error {
	if b.count == 0 {
		return nil
	}
	b.block = sealBlock(b.block[:0], kindExchange, exchangeWidth, b.count, &b.names, b.records)
	b.records, b.count = b.records[:0], 0
	b.names.reset()
	start := clock.Now()
	_, err := b.file.Write(b.block)
	took := clock.Now().Sub(start)
	b.held, b.longest = b.held+took, max(b.longest, took)
	return writeError(b.file.Name(), err)
}

// ServeLog is one backend's ledger. Each Append is one write(2): the record survives the death of
// the process once Append returns.
type ServeLog struct {
	mu      sync.Mutex
	file    *os.File
	names   names
	records []byte
	block   []byte
}

// OpenServeLog opens or continues the ledger at path.
func OpenServeLog(path string) (*ServeLog, error) {
	f, err := openAppend(path)
	if err != nil {
		return nil, err
	}
	return &ServeLog{file: f}, nil
}

// Append writes one record. Safe for concurrent use.
func (l *ServeLog) Append(s *Serve) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names.reset()
	l.records = appendServe(l.records[:0], s, &l.names)
	l.block = sealBlock(l.block[:0], kindServe, serveWidth, 1, &l.names, l.records)
	_, err := l.file.Write(l.block)
	return writeError(l.file.Name(), err)
}

// Close closes the file.
func (l *ServeLog) Close() error { return l.file.Close() }

func openAppend(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return nil, fmt.Errorf("opening %s: %w; raise the limit (ulimit -n), or set load.idle_timeout", path, errors.Unwrap(err))
	}
	return nil, fmt.Errorf("opening %s: %w; choose a writable --out", path, errors.Unwrap(err))
}

// writeError names the file and what to do about a full disk.
func writeError(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("writing %s: no space left on device; free space or choose another --out", path)
	}
	return fmt.Errorf("writing %s: %w", path, err)
}
