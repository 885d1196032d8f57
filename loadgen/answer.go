package loadgen

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/stickybench/stickybench/internal/wire"
)

// Answer is what the response headers say. Header is shared by all engines.
type Answer struct {
	Boot, Epoch, Head      uint64
	Version                uint32
	Owner                  wire.SessionID
	Lookups                uint16
	StoreTime, HandlerTime time.Duration

	Instance []byte // as the mock backend or the Identify rule names it
	naming   string // header that names the instance besides ours; empty = none
	arena    []byte // Set-Cookie values, one after the other
	ends     []int
}

func (a *Answer) reset() {
	*a = Answer{Instance: a.Instance[:0], naming: a.naming, arena: a.arena[:0], ends: a.ends[:0]}
}

// Cookies gives each Set-Cookie value; the bytes are valid during the call.
func (a *Answer) Cookies(yield func([]byte) bool) {
	start := 0
	for _, end := range a.ends {
		if !yield(a.arena[start:end]) {
			return
		}
		start = end
	}
}

// Header takes one response header; unknown names are ignored, names match in any case.
func (a *Answer) Header(name, value []byte) {
	switch {
	case is(name, "Set-Cookie"):
		a.arena = append(a.arena, value...)
		a.ends = append(a.ends, len(a.arena))
	case is(name, wire.HeaderServerTiming):
		a.timing(value)
	case is(name, wire.HeaderInstance) || a.naming != "" && is(name, a.naming):
		a.Instance = append(a.Instance[:0], value...)
	case is(name, wire.HeaderSession):
		a.Owner = parseOwner(value)
	default:
		a.number(name, value)
	}
}

// headers takes all of h.
func (a *Answer) headers(h http.Header) {
	for name, values := range h {
		for _, value := range values {
			a.Header([]byte(name), []byte(value))
		}
	}
}

// lines takes fields that stand one on a line.
func (a *Answer) lines(text []byte) {
	for line := range bytes.Lines(text) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			a.Header(name, bytes.TrimSpace(value))
		}
	}
}

func (a *Answer) number(name, value []byte) {
	switch {
	case is(name, wire.HeaderBoot):
		a.Boot = parse(value, 16)
	case is(name, wire.HeaderEpoch):
		a.Epoch = parse(value, 16)
	case is(name, wire.HeaderHead):
		a.Head = parse(value, 16)
	case is(name, wire.HeaderVersion):
		a.Version = uint32(parse(value, 10))
	case is(name, wire.HeaderLookups):
		a.Lookups = uint16(parse(value, 10))
	}
}

// timing reads "sb-store;dur=0.213, sb-handler;dur=5.001", milliseconds.
func (a *Answer) timing(value []byte) {
	for len(value) > 0 {
		var item []byte
		item, value, _ = bytes.Cut(value, []byte(","))
		name, rest, _ := bytes.Cut(bytes.TrimSpace(item), []byte(";dur="))
		ms, err := strconv.ParseFloat(string(rest), 64)
		if err != nil || !(ms >= 0 && ms < 1e9) {
			continue
		}
		switch string(name) {
		case "sb-store":
			a.StoreTime = time.Duration(ms * 1e6)
		case "sb-handler":
			a.HandlerTime = time.Duration(ms * 1e6)
		}
	}
}

func parseOwner(value []byte) wire.SessionID {
	user, session, _ := bytes.Cut(value, []byte("."))
	return wire.SessionID{User: uint32(parse(user, 10)), Session: uint32(parse(session, 10))}
}

// parse gives 0 for what is no number: the analysis reads 0 as "not said".
func parse(text []byte, base int) uint64 {
	n, err := strconv.ParseUint(string(text), base, 64)
	if err != nil {
		return 0
	}
	return n
}

func is(name []byte, want string) bool {
	return len(name) == len(want) && bytes.EqualFold(name, []byte(want))
}
