// Package loadgen plays users against one URL and records every request as a results.Exchange.
//
//	Plan.Arrivals ─► shard: due-time queue ─► Engine.Send ─► server
//	                   ▲ jar, think time ◄─── Engine.Wait ◄────┘──► ExchangeBuffer
//
// A shard is one goroutine that owns its users, queue, jars, histograms and record buffer;
// shard i of n plays the users with number mod n = i. Nothing is shared until the end, so a
// shard on another machine is the same thing. Engine is the only seam to the network.
//
// Latency counts from the due time: a late generator or a stalled server is never hidden.
package loadgen
