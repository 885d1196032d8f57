package results

import "fmt"

// store tells where the time of the session store's operations went.
func (r *Report) store() section {
	trips, ok := r.value("store.round_trip.mean")
	if !ok {
		return section{}
	}
	text := fmt.Sprintf("%.3g operations per request, each %.3g ms of the server's own time (p99 %.3g ms)",
		r.number("store.operations_per_request"), 1e3*trips.Value, 1e3*r.number("store.round_trip.p99"))
	if injected, ok := r.value("store.injected.p50"); ok {
		text += fmt.Sprintf(" and %.3g ms of injected distance (p99 %.3g ms, late by %.2g ms at p99)",
			1e3*injected.Value, 1e3*r.number("store.injected.p99"), 1e3*r.number("store.injected_late.p99"))
	}
	return section{title: "Session store", lines: []string{text,
		fmt.Sprintf("per request, mean: waiting for a connection %.3g ms, encoding %.3g ms, decoding %.3g ms",
			1e3*r.number("store.wait.mean"), 1e3*r.number("store.encode.mean"), 1e3*r.number("store.decode.mean"))}}
}
