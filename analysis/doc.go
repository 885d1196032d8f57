// Package analysis is the judge: it turns a run directory into a report.
//
//	records ─► traffic (counts, errors, latency) ─┐
//	run.json, samples ─► generator, validity ─────┼─► sheet of metrics ─► gates ─► verdict
//	changes ─► timeline ──────────────────────────┘
//
// It is a pure function of the directory: equal directories give equal bytes.
//
// One sweep goes over exchanges and ledgers together, in time. A session that is over is folded into a
// census and forgotten, so memory follows the number of sessions at once, not the length of the run.
package analysis
