package loadgen

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Limits of one answer: a server beyond them is called malformed, not waited for.
const (
	maxHeaderBytes = 64 << 10 // of all header, interim and trailer lines
	maxLine        = 16 << 10
)

// errMalformed wraps everything that is not a proper HTTP/1.1 answer.
var errMalformed = errors.New("malformed answer")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

// phase is what a response expects next.
type phase uint8

const (
	inStatus phase = iota
	inHeader
	inBody // left bytes
	inChunkSize
	inChunk    // left bytes
	inChunkEnd // the line end after a chunk
	inTrailer
	untilClose
	complete
)

// response parses one answer to a GET, HEAD or POST (RFC 9112) as its bytes arrive, in pieces of any
// size, without allocating once its line buffer has grown.
type response struct {
	answer *Answer
	body   *sample // keeps the start of the body; nil = nobody wants it
	phase  phase
	status uint16
	close  bool // the connection cannot be used again
	empty  bool // the answer to a HEAD has no body, whatever its header says
	events bool // the body is a stream of server-sent events; known only when somebody wants the body

	chunked bool
	length  int64 // Content-Length; -1 = not given
	left    int64
	heading int    // bytes of header lines so far
	line    []byte // an incomplete line
}

// begin prepares for the next answer and keeps the buffer.
func (p *response) begin(r *Request, body *sample) {
	*p = response{answer: &r.Answer, body: body, empty: r.Head, length: -1, line: p.line[:0]}
}

// feed takes the next bytes and gives back what lies beyond the end of the answer.
func (p *response) feed(b []byte) (rest []byte, err error) {
	for err == nil && len(b) > 0 && p.phase != complete {
		switch p.phase {
		case inBody, inChunk, untilClose:
			b = p.content(b)
		default:
			b, err = p.lines(b)
		}
	}
	return b, err
}

// end says whether the answer is whole now that the server has closed.
func (p *response) end() bool {
	if p.phase == untilClose {
		p.phase = complete
	}
	return p.phase == complete
}

// content consumes body bytes.
func (p *response) content(b []byte) []byte {
	n := int64(len(b))
	if p.phase != untilClose {
		n = min(n, p.left)
	}
	if p.body != nil {
		p.body.add(b[:n])
	}
	p.left -= n
	switch {
	case p.phase == inBody && p.left == 0:
		p.phase = complete
	case p.phase == inChunk && p.left == 0:
		p.phase = inChunkEnd
	}
	return b[n:]
}

// lines consumes one line, or keeps the start of one.
func (p *response) lines(b []byte) ([]byte, error) {
	i := bytes.IndexByte(b, '\n')
	if size := len(p.line) + i; size > maxLine || i < 0 && len(p.line)+len(b) > maxLine {
		return nil, malformed("line exceeds %d bytes", maxLine)
	}
	if i < 0 {
		p.line = append(p.line, b...)
		return nil, nil
	}
	line := b[:i]
	if len(p.line) > 0 {
		p.line = append(p.line, line...)
		line = p.line
	}
	p.line = p.line[:0]
	return b[i+1:], p.take(bytes.TrimSuffix(line, []byte{'\r'}))
}

// take handles one whole line by phase.
func (p *response) take(line []byte) error {
	if p.phase != inChunkSize && p.phase != inChunkEnd {
		if p.heading += len(line) + 2; p.heading > maxHeaderBytes {
			return malformed("headers exceed %d bytes", maxHeaderBytes)
		}
	}
	switch p.phase {
	case inStatus:
		return p.statusLine(line)
	case inHeader:
		if len(line) == 0 {
			return p.headed()
		}
		return p.field(line)
	case inChunkSize:
		return p.chunkSize(line)
	case inChunkEnd:
		if len(line) > 0 {
			return malformed("chunk is longer than its size")
		}
		p.phase = inChunkSize
	case inTrailer:
		if len(line) == 0 {
			p.phase = complete
		}
	}
	return nil
}

func (p *response) statusLine(line []byte) error {
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return malformed("status line %.40q", line)
	}
	code, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil || code < 100 {
		return malformed("status line %.40q", line)
	}
	p.status, p.close, p.phase = uint16(code), line[7] == '0', inHeader
	return nil
}

func (p *response) field(line []byte) error {
	if line[0] == ' ' || line[0] == '\t' {
		return malformed("folded header line %.40q", line)
	}
	name, value, ok := cutField(line)
	if !ok {
		return malformed("header line %.40q", line)
	}
	switch {
	case is(name, "Content-Length"):
		n, err := strconv.ParseUint(string(value), 10, 62)
		if err != nil || p.length >= 0 && p.length != int64(n) {
			return malformed("content-length %.40q", value)
		}
		p.length = int64(n)
	case is(name, "Transfer-Encoding"):
		if !is(value, "chunked") || p.chunked {
			return malformed("transfer-encoding %.40q", value)
		}
		p.chunked = true
	case is(name, "Connection"):
		p.connection(value)
	case p.body != nil && is(name, "Content-Type"):
		kind, _, _ := bytes.Cut(value, []byte(";"))
		p.events = is(bytes.TrimSpace(kind), "text/event-stream")
	default:
		p.answer.Header(name, value)
	}
	return nil
}

// cutField splits at the colon; no name, or one with white space, is refused. Names are short: one loop
// is a quarter of the parser's time faster than the searches of package bytes.
func cutField(line []byte) (name, value []byte, ok bool) {
	for i, c := range line {
		switch c {
		case ':':
			return line[:i], bytes.TrimSpace(line[i+1:]), i > 0
		case ' ', '\t':
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// connection reads the options of one Connection field.
func (p *response) connection(value []byte) {
	for len(value) > 0 {
		var option []byte
		option, value, _ = bytes.Cut(value, []byte(","))
		switch option = bytes.TrimSpace(option); {
		case is(option, "close"):
			p.close = true
		case is(option, "keep-alive"):
			p.close = false
		}
	}
}

// headed decides what follows the header section.
func (p *response) headed() error {
	switch {
	case p.status == 101:
		return malformed("101 without an upgrade")
	case p.status < 200:
		p.answer.reset()
		p.phase, p.length, p.chunked = inStatus, -1, false
	case p.chunked && p.length >= 0:
		return malformed("both content-length and chunked")
	case p.empty || p.status == 204 || p.status == 304 || p.length == 0:
		p.phase = complete
	case p.chunked:
		p.phase = inChunkSize
	case p.length > 0:
		p.phase, p.left = inBody, p.length
	default:
		p.phase, p.close = untilClose, true
	}
	return nil
}

func (p *response) chunkSize(line []byte) error {
	size, _, _ := bytes.Cut(line, []byte(";")) // extensions say nothing to us
	n, err := strconv.ParseUint(string(bytes.TrimRight(size, " \t")), 16, 62)
	if err != nil {
		return malformed("chunk size %.40q", line)
	}
	p.phase, p.left = inChunk, int64(n)
	if n == 0 {
		p.phase = inTrailer
	}
	return nil
}

// maxSample is how much of a body is looked at.
const maxSample = 64 << 10

// sample keeps the start of a body.
type sample struct{ bytes []byte }

func (s *sample) add(b []byte) {
	s.bytes = append(s.bytes, b[:min(len(b), maxSample-len(s.bytes))]...)
}

// Write adds b, for a body that comes from a reader.
func (s *sample) Write(b []byte) (int, error) {
	s.add(b)
	return len(b), nil
}
