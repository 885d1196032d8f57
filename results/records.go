package results

import (
	"net/netip"
	"time"

	"github.com/stickybench/stickybench/internal/clock"
	"github.com/stickybench/stickybench/internal/wire"
)

// Failure says why an exchange has no complete answer.
type Failure uint8

// The failures. Answered means a complete response arrived, whatever its status.
const (
	Answered       Failure = iota
	ConnectRefused         // nobody listens
	ConnectFailed          // any other failure to connect, including a time-out
	Reset                  // the connection was reset or closed before a complete answer
	TimedOut               // no complete answer within the request time-out
	Malformed              // the answer is not HTTP or breaks a limit
	Canceled               // the run ended first
	Dropped                // never sent: the limit of users, open files or ports was reached
)

// ExchangeFlags are yes/no facts of one exchange.
type ExchangeFlags uint16

// The flags of an exchange.
const (
	Write          ExchangeFlags = 1 << iota // POST; otherwise GET
	ConnNew                                  // first request on its connection
	Warmup                                   // due before the measured window: excluded from every metric
	MarkerDropped                            // the profile withheld the marker, or a fault took, damaged or exchanged it before this request
	AddressChanged                           // the user's source address differs from its previous request
	CookieHTTPOnly                           // attribute of the marker cookie received in this answer
	CookieSecure
	CookieSameSite
	Parallel      // one of several requests of one step
	Last          // the session ends with this record; absent when the end of the run cut it short
	MarkerDoubled // a second cookie of the marker's name, which a fault left with the client, was sent too
)

// Exchange is what the generator saw of one request. Times are clock.Time; zero means "did not happen".
type Exchange struct {
	ID                         wire.SessionID
	Seq                        uint32
	Nonce                      uint64
	Profile                    uint8 // index into Run.Profiles
	Failure                    Failure
	Flags                      ExchangeFlags
	Status                     uint16
	Due, Sent, FirstByte, Done clock.Time    // Sent is when the generator began: to connect, or to write
	Connect                    time.Duration // spent connecting; 0 on a kept connection
	Instance                   string        // as the answer names it; empty when unknown
	Boot                       uint64
	MarkerSent, MarkerReceived uint64         // hash of all cookies but the application's; 0 = none
	Owner                      wire.SessionID // session whose record was served; valid when Epoch != 0
	Epoch                      uint64         // 0 = the answer carried no state
	Version                    uint32
	Head                       uint64
	Lookups                    uint16
	StoreTime, HandlerTime     time.Duration
	Source                     netip.Addr
	Conn                       uint32 // connection number, unique in the shard
	Shard                      uint16
	Replica                    uint8 // of the balancer, that was asked, from 1; 0 = there was only one
}

// Origin says where a backend found a session's state.
type Origin uint8

// The origins.
const (
	None    Origin = iota // nowhere: the record was created by this request
	Local                 // this process's memory
	Store                 // the external store
	Replica               // this process's copy of another instance's record
)

// Serve is one line of a backend's ledger: a request it handled.
type Serve struct {
	ID                     wire.SessionID
	Seq                    uint32
	Nonce                  uint64
	Instance               string
	Boot                   uint64
	Start, End             clock.Time
	Write                  bool
	Status                 uint16
	Origin                 Origin
	Epoch                  uint64
	VersionBefore, Version uint32
	Head                   uint64
	Lookups                uint16
	StoreTime, HandlerTime time.Duration
	CPU                    time.Duration // thread CPU time burnt for this request, or virtual CPU time
	Spans                  StoreSpans
}

// StoreSpans is where a request's time on the store went, over all its operations.
type StoreSpans struct {
	Wait      time.Duration // for a connection, connecting included
	Encode    time.Duration
	RoundTrip time.Duration // of the operations, without what was injected
	Decode    time.Duration
	Trip      time.Duration // injected into the first operation: a sample of one per request
	Late      time.Duration // worst of the request's injected round trips, beyond what was drawn
}

// State is an instance's place in the pool.
type State string

// The states a Change moves between. Failing is up but refusing its health check.
const (
	Starting State = "starting"
	Up       State = "up"
	Draining State = "draining"
	Failing  State = "failing"
	Down     State = "down"
	Removed  State = "removed"
	Blind    State = "blind" // a replica of the balancer that cannot reach the instance in Change.Toward
)

// Change is one pool event.
type Change struct {
	Time     clock.Time `json:"time"`
	Instance string     `json:"instance"`
	From     State      `json:"from"`
	To       State      `json:"to"`
	Why      string     `json:"why"` // "start", "fault kill", …

	MemoryKept bool   `json:"memory_kept,omitempty"` // To is Down, but the sessions will be there again
	Toward     string `json:"toward,omitempty"`      // the instance that a replica goes blind to, or sees again
}

// Sample is one process's counters at one moment; cumulative ones are differenced by the reader.
// Process "host" carries only Steal and HostCPU.
type Sample struct {
	Time     clock.Time    `json:"time"`
	Process  string        `json:"process"` // "b1", "lb" or "lb1", "store", "generator", "host"
	PID      int           `json:"pid,omitempty"`
	CPU      time.Duration `json:"cpu"`                // cumulative user+system time of the process group
	RSS      uint64        `json:"rss"`                // bytes
	RunWait  time.Duration `json:"run_wait,omitempty"` // cumulative run-queue wait
	InFlight int           `json:"in_flight,omitempty"`
	Steal    time.Duration `json:"steal,omitempty"` // cumulative, host only
}
