package results

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
)

// Widths of the encoded records in bytes. A change of layout is a new formatVersion.
const (
	exchangeWidth = 168
	serveWidth    = 128
)

var le = binary.LittleEndian

// names interns the few instance names of one block.
type names struct {
	index map[string]uint16
	list  []string
}

// maxName cuts what an answer says of itself: 256 such names fit into a block.
const maxName = 120

func (n *names) number(name string) uint16 {
	name = name[:min(len(name), maxName)]
	if i, ok := n.index[name]; ok {
		return i
	}
	if n.index == nil {
		n.index = map[string]uint16{}
	}
	i := uint16(len(n.list))
	n.index[name] = i
	n.list = append(n.list, name)
	return i
}

func (n *names) reset() {
	clear(n.index)
	n.list = n.list[:0]
}

func appendExchange(b []byte, e *Exchange, n *names) []byte {
	b = le.AppendUint32(b, e.ID.User)
	b = le.AppendUint32(b, e.ID.Session)
	b = le.AppendUint32(b, e.Seq)
	b = append(b, e.Profile, byte(e.Failure))
	b = le.AppendUint16(b, uint16(e.Flags))
	b = le.AppendUint64(b, e.Nonce)
	for _, t := range [...]clock.Time{e.Due, e.Sent, e.FirstByte, e.Done} {
		b = le.AppendUint64(b, uint64(t))
	}
	for _, v := range [...]uint64{e.Boot, e.MarkerSent, e.MarkerReceived, e.Epoch, e.Head, uint64(e.StoreTime), uint64(e.HandlerTime)} {
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint32(b, e.Owner.User)
	b = le.AppendUint32(b, e.Owner.Session)
	b = le.AppendUint32(b, e.Version)
	b = le.AppendUint32(b, e.Conn)
	b = le.AppendUint16(b, e.Status)
	b = le.AppendUint16(b, e.Lookups)
	b = le.AppendUint16(b, e.Shard)
	b = le.AppendUint16(b, n.number(e.Instance))
	b = append(b, addressKind(e.Source))
	address := e.Source.As16()
	b = append(b, address[:]...)
	b = le.AppendUint64(b, uint64(e.Connect))
	b = append(b, e.Replica)             // older logs left it zero: there was one
	return append(b, make([]byte, 6)...) // reserved
}

// addressKind tells an absent address and IPv4 from IPv6, which share one 16-byte form.
func addressKind(a netip.Addr) byte {
	switch {
	case !a.IsValid():
		return 0
	case a.Is4():
		return 4
	}
	return 6
}

func decodeAddress(kind byte, b []byte) netip.Addr {
	switch kind {
	case 4:
		return netip.AddrFrom4([4]byte(b[12:]))
	case 6:
		return netip.AddrFrom16([16]byte(b))
	}
	return netip.Addr{}
}

// decodeExchange sets every field of e; false means that the record names no instance of its block.
func decodeExchange(e *Exchange, record []byte, list []string) bool {
	b := (*[exchangeWidth]byte)(record)
	name := int(le.Uint16(b[134:]))
	if name >= len(list) {
		return false
	}
	e.ID = wire.SessionID{User: le.Uint32(b[:]), Session: le.Uint32(b[4:])}
	e.Seq, e.Profile, e.Failure, e.Flags = le.Uint32(b[8:]), b[12], Failure(b[13]), ExchangeFlags(le.Uint16(b[14:]))
	e.Nonce = le.Uint64(b[16:])
	e.Due, e.Sent = clock.Time(le.Uint64(b[24:])), clock.Time(le.Uint64(b[32:]))
	e.FirstByte, e.Done = clock.Time(le.Uint64(b[40:])), clock.Time(le.Uint64(b[48:]))
	e.Boot, e.MarkerSent, e.MarkerReceived = le.Uint64(b[56:]), le.Uint64(b[64:]), le.Uint64(b[72:])
	e.Epoch, e.Head = le.Uint64(b[80:]), le.Uint64(b[88:])
	e.StoreTime, e.HandlerTime = time.Duration(le.Uint64(b[96:])), time.Duration(le.Uint64(b[104:]))
	e.Owner = wire.SessionID{User: le.Uint32(b[112:]), Session: le.Uint32(b[116:])}
	e.Version, e.Conn = le.Uint32(b[120:]), le.Uint32(b[124:])
	e.Status, e.Lookups, e.Shard = le.Uint16(b[128:]), le.Uint16(b[130:]), le.Uint16(b[132:])
	e.Instance = list[name]
	e.Source = decodeAddress(b[136], b[137:153])
	e.Connect, e.Replica = time.Duration(le.Uint64(b[153:])), b[161]
	return true
}

func appendServe(b []byte, s *Serve, n *names) []byte {
	b = le.AppendUint32(b, s.ID.User)
	b = le.AppendUint32(b, s.ID.Session)
	b = le.AppendUint32(b, s.Seq)
	b = le.AppendUint16(b, s.Status)
	b = append(b, bit(s.Write), byte(s.Origin))
	for _, v := range [...]uint64{s.Nonce, s.Boot, uint64(s.Start), uint64(s.End), s.Epoch, s.Head,
		uint64(s.StoreTime), uint64(s.HandlerTime), uint64(s.CPU)} {
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint32(b, s.VersionBefore)
	b = le.AppendUint32(b, s.Version)
	b = le.AppendUint16(b, s.Lookups)
	b = le.AppendUint16(b, n.number(s.Instance))
	return appendSpans(b, s.Spans)
}

// The spans lie in bytes that older logs left zero, so that both read alike.
const (
	spanBytes = 5 // nanoseconds up to 18 minutes
	lateBytes = 3
	lateUnit  = 100 * time.Nanosecond // up to 1.6 s

	spansWidth = 5*spanBytes + lateBytes
)

func appendSpans(b []byte, s StoreSpans) []byte {
	for _, span := range [...]time.Duration{s.Wait, s.Encode, s.RoundTrip, s.Decode, s.Trip} {
		b = appendLow(b, span, spanBytes)
	}
	return appendLow(b, s.Late/lateUnit, lateBytes)
}

// appendLow writes the low bytes of v, or the nearest that fits.
func appendLow(b []byte, v time.Duration, bytes int) []byte {
	fits := min(max(v, 0), 1<<(8*bytes)-1)
	return append(b, le.AppendUint64(nil, uint64(fits))[:bytes]...)
}

// decodeSpans reads what appendSpans wrote; all of it is zero for an instance without a store.
func decodeSpans(b *[spansWidth]byte) (s StoreSpans) {
	if le.Uint64(b[:])|le.Uint64(b[8:])|le.Uint64(b[16:])|uint64(le.Uint32(b[24:])) == 0 {
		return s
	}
	for i, span := range [...]*time.Duration{&s.Wait, &s.Encode, &s.RoundTrip, &s.Decode, &s.Trip} {
		*span = time.Duration(le.Uint64(b[i*spanBytes:]) & (1<<(8*spanBytes) - 1)) // the last one ends with the late bytes
	}
	s.Late = time.Duration(le.Uint32(b[spansWidth-4:])>>8) * lateUnit
	return s
}

func bit(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// decodeServe sets every field of s, as decodeExchange does.
func decodeServe(s *Serve, record []byte, list []string) bool {
	b := (*[serveWidth]byte)(record)
	name := int(le.Uint16(b[98:]))
	if name >= len(list) {
		return false
	}
	s.ID = wire.SessionID{User: le.Uint32(b[:]), Session: le.Uint32(b[4:])}
	s.Seq, s.Status, s.Write, s.Origin = le.Uint32(b[8:]), le.Uint16(b[12:]), b[14] == 1, Origin(b[15])
	s.Nonce, s.Boot = le.Uint64(b[16:]), le.Uint64(b[24:])
	s.Start, s.End = clock.Time(le.Uint64(b[32:])), clock.Time(le.Uint64(b[40:]))
	s.Epoch, s.Head = le.Uint64(b[48:]), le.Uint64(b[56:])
	s.StoreTime, s.HandlerTime, s.CPU = time.Duration(le.Uint64(b[64:])), time.Duration(le.Uint64(b[72:])), time.Duration(le.Uint64(b[80:]))
	s.VersionBefore, s.Version, s.Lookups = le.Uint32(b[88:]), le.Uint32(b[92:]), le.Uint16(b[96:])
	s.Instance = list[name]
	s.Spans = decodeSpans((*[spansWidth]byte)(b[100:]))
	return true
}
