// Package loadgen plays users against one URL and records every request as a results.Exchange.
//
//	Plan.Arrivals ─► shard: due-time queue ─► Engine.Send ─► server
//	                   ▲ jar, think time ◄─── Engine.Wait ◄────┘──► ExchangeBuffer
//
// A shard is one goroutine that owns its users, queue, jars, histograms and record buffer;
// shard i of n plays the users with number mod n = i. Nothing is shared until the end, so a
// shard on another machine is the same thing. Engine is the only seam to the network.
//
// Two engines: the epoll loop for HTTP/1.1 in cleartext on Linux, and the portable one for everything else, in which
// a goroutine takes each request through
//
//	pool: the connection of the user's place ─► opener: dial, TLS, upgrade ─► link: exchange
//
// A protocol is an opener and a link; http1.go is the shortest.
//
// Latency counts from the due time: a late generator or a stalled server is never hidden.
package loadgen
