// Package stats holds the pure statistics of the method: no records, no clocks, no randomness.
package stats
