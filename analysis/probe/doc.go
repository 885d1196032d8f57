// Package probe judges what a probe saw: which mechanism binds sessions, how its marker is made, and
// which of the usual expectations of session affinity hold.
//
//	shots ─► evidence (how often home, given only a part) ─► mechanism ─► kind ─► assertions
//
// It is a pure function of the shots.
package probe
