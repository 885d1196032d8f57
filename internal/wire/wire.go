// Package wire names what generator and mock backend say to each other over HTTP.
//
// The generator identifies an exchange with three request headers; the backend answers with
// the state it served. No balancer is configured to route on any of them.
package wire

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
)

// Request headers; the backend echoes HeaderSession with the owner of the record it served,
// which is how the client notices a leak.
const (
	HeaderSession = "Stickybench-Session" // SessionID in its String form, e.g. "17.0"
	HeaderSeq     = "Stickybench-Seq"     // request number in the session, from 0
	HeaderNonce   = "Stickybench-Nonce"   // 16 hex digits, unique per request
)

// Response headers.
const (
	HeaderInstance     = "Stickybench-Instance" // name, e.g. "b1"
	HeaderBoot         = "Stickybench-Boot"     // 16 hex digits, random per process start
	HeaderEpoch        = "Stickybench-Epoch"    // 16 hex digits, random per session record
	HeaderVersion      = "Stickybench-Version"  // decimal count of applied writes
	HeaderHead         = "Stickybench-Head"     // 16 hex digits, see Head
	HeaderLookups      = "Stickybench-Lookups"  // decimal count of store operations
	HeaderServerTiming = "Server-Timing"        // "sb-store;dur=0.213, sb-handler;dur=5.001" (milliseconds)
)

// SessionCookie is the application's own session id, set by the backend. It is never the
// balancer's affinity marker.
const SessionCookie = "SBSESSION"

// SessionID names one session of one simulated user.
type SessionID struct {
	User    uint32 // user number, from 0
	Session uint32 // the user's session number, from 0
}

// String gives "user.session".
func (s SessionID) String() string { return fmt.Sprintf("%d.%d", s.User, s.Session) }

// ParseSessionID reads what String wrote.
func ParseSessionID(text string) (SessionID, error) {
	var s SessionID
	if _, err := fmt.Sscanf(text, "%d.%d", &s.User, &s.Session); err != nil || s.String() != text {
		return SessionID{}, fmt.Errorf("session id %q: want USER.SESSION, two decimal numbers", text)
	}
	return s, nil
}

// Head chains one write into a session's history: equal heads mean equal histories.
func Head(previous uint64, version uint32, nonce uint64) uint64 {
	var buf [20]byte
	binary.LittleEndian.PutUint64(buf[0:], previous)
	binary.LittleEndian.PutUint32(buf[8:], version)
	binary.LittleEndian.PutUint64(buf[12:], nonce)
	h := fnv.New64a()
	h.Write(buf[:])
	return h.Sum64()
}
