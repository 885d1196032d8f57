package lb

import (
	"net/http"
	"time"
)

// affinity remembers or computes where a session belongs.
type affinity interface {
	// home names the instance r belongs to; "" means unbound. usable excludes what cannot be reached.
	home(r *http.Request, pool *pool, usable func(*member) bool, now time.Time) string
	// bind notes in the answer or in memory that r was answered by the instance named.
	bind(answer http.Header, r *http.Request, instance string, now time.Time)
}

// unbound is no affinity at all.
type unbound struct{}

func (unbound) home(*http.Request, *pool, func(*member) bool, time.Time) string { return "" }
func (unbound) bind(http.Header, *http.Request, string, time.Time)              {}

var (
	_ affinity = unbound{}
	_ affinity = (*cookie)(nil)
	_ affinity = (*table)(nil)
	_ affinity = (*hashed)(nil)
)
