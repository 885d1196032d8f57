package loadgen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"strconv"
)

// Limits of one answer: a server beyond them is called malformed, not waited for.
const (
	maxHeaderBytes = 64 << 10
	maxLine        = 16 << 10
)

// errMalformed wraps everything that is not a proper HTTP/1.1 answer.
var errMalformed = errors.New("malformed answer")

// response is what the framing of one answer says.
type response struct {
	status  uint16
	length  int64 // -1 = not given
	chunked bool
	close   bool
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

// readResponse reads one answer to a GET or POST; body gets the content and may be io.Discard.
func readResponse(r *bufio.Reader, a *Answer, body io.Writer) (response, error) {
	for {
		resp, err := readHead(r, a)
		if err != nil || resp.status >= 200 {
			if err == nil {
				err = resp.readBody(r, body)
			}
			return resp, err
		}
		if resp.status == 101 {
			return resp, malformed("101 without an upgrade")
		}
		a.reset()
	}
}

func readHead(r *bufio.Reader, a *Answer) (response, error) {
	line, err := readLine(r)
	if err != nil {
		return response{}, err
	}
	resp, err := statusLine(line)
	for total := len(line); err == nil; {
		if line, err = readLine(r); err != nil || len(line) == 0 {
			break
		}
		if total += len(line); total > maxHeaderBytes {
			return resp, malformed("headers exceed %d bytes", maxHeaderBytes)
		}
		err = resp.field(line, a)
	}
	return resp, err
}

func statusLine(line []byte) (response, error) {
	resp := response{length: -1}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.")) || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return resp, malformed("status line %.40q", line)
	}
	code, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil || code < 100 {
		return resp, malformed("status line %.40q", line)
	}
	resp.status, resp.close = uint16(code), line[7] == '0'
	return resp, nil
}

func (resp *response) field(line []byte, a *Answer) error {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") {
		return malformed("header line %.40q", line)
	}
	value = bytes.TrimSpace(value)
	switch {
	case is(name, "Content-Length"):
		n, err := strconv.ParseUint(string(value), 10, 62)
		if err != nil || resp.length >= 0 && resp.length != int64(n) {
			return malformed("content-length %.40q", value)
		}
		resp.length = int64(n)
	case is(name, "Transfer-Encoding"):
		if !is(value, "chunked") || resp.chunked {
			return malformed("transfer-encoding %.40q", value)
		}
		resp.chunked = true
	case is(name, "Connection"):
		resp.close = is(value, "close") || resp.close && !is(value, "keep-alive")
	default:
		a.Header(name, value)
	}
	return nil
}

func (resp *response) readBody(r *bufio.Reader, body io.Writer) error {
	switch {
	case resp.status == 204 || resp.status == 304:
		return nil
	case resp.chunked && resp.length >= 0:
		return malformed("both content-length and chunked")
	case resp.chunked:
		return readChunks(r, body)
	case resp.length >= 0:
		_, err := io.CopyN(body, r, resp.length)
		return err
	}
	resp.close = true
	_, err := io.Copy(body, r)
	return err
}

func readChunks(r *bufio.Reader, body io.Writer) error {
	_, err := io.Copy(body, httputil.NewChunkedReader(r))
	if err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) || isNetwork(err) {
			return err
		}
		return malformed("chunk: %v", err)
	}
	for total := 0; ; {
		line, err := readLine(r)
		if err != nil || len(line) == 0 {
			return err
		}
		if total += len(line); total > maxHeaderBytes {
			return malformed("trailers exceed %d bytes", maxHeaderBytes)
		}
	}
}

// readLine gives a line without its end; the bytes are valid until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, malformed("header line exceeds %d bytes", maxLine)
	}
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'}), nil
}
