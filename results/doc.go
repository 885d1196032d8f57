// Package results holds what a run leaves behind: four kinds of records, the run directory that
// keeps them, and the report that analysis draws from them.
//
//	Exchange  generator's view of one request        exchanges.log
//	Serve     backend's view of the same request     serves-<instance>.log
//	Change    pool event                             changes.jsonl
//	Sample    process counters, once a second        samples.jsonl
//
// The directory alone reproduces every report. Logs are append-only, fixed width, versioned and
// block-checksummed; a truncated directory opens with warnings that say what is missing.
package results
