// Package backend is the mock instance: it serves sessions over HTTP as a stateful application
// would, keeps a ledger of every request, burns CPU and times its session store.
//
// State carries its whole history (epoch, version, head), so that a client can tell from any answer
// whether its session is intact.
package backend

import (
	"time"

	"github.com/stickybench/stickybench/profiles"
	"github.com/stickybench/stickybench/targets/store"
)

// Options configures one instance; it travels as JSON to a child process.
type Options struct {
	Name    string                `json:"name"`    // "b1"
	Listen  string                `json:"listen"`  // HOST:PORT for traffic
	Control string                `json:"control"` // HOST:PORT for ledger, drain, fail, metrics
	Token   string                `json:"token"`   // bearer token; required when Control is not loopback
	Ledger  string                `json:"ledger"`  // path; empty keeps no ledger
	Store   store.Options         `json:"store"`
	Session Session               `json:"session"`
	Handler profiles.Distribution `json:"handler"` // waiting time per request, seconds
	CPU     profiles.Distribution `json:"cpu"`     // CPU time per request, seconds
	Cores   float64               `json:"cores"`   // size of the virtual CPU; 0 = the thread burns real CPU time
	Drain   time.Duration         `json:"drain"`   // how long in-flight requests may take after the end
	Memory  string                `json:"memory"`  // file that carries the sessions over a restart that keeps them
	Seed    uint64                `json:"seed"`
}

// Session is how the application uses its session state.
type Session struct {
	Size         int  `json:"size"`          // bytes kept in each record
	Operations   int  `json:"operations"`    // least operations per request, one after the other
	WriteThrough bool `json:"write_through"` // reads save the record too
}
