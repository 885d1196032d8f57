// Package probe asks a running balancer what its session affinity depends on.
//
//	clients with addresses and cookies of their own ─► first, follow-ups
//	each part of what they sent, alone              ─► cookies, address, one cookie, header, connection
//	the cookies that alone were enough, damaged     ─► invented, garbage, empty, duplicate, beside, forged
//
// It only sends GET requests and writes down what happened; package analysis/probe draws the conclusions.
package probe
