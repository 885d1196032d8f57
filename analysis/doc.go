// Package analysis is the judge: it turns a run directory into a report.
//
//	records ─► traffic (counts, errors, latency) ─┐
//	run.json, samples ─► generator, validity ─────┼─► sheet of metrics ─► gates ─► verdict
//	changes ─► timeline ──────────────────────────┘
//
// It is a pure function of the directory: equal directories give equal bytes.
//
// Affinity, consistency, failover and skew are not judged yet. Their metrics are absent, a gate
// over them is inconclusive, and without gates the verdict is never pass.
package analysis
