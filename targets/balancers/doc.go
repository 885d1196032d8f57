// Package balancers knows real load balancers as rows of one table: how each is installed,
// configured, started, asked for its version and told to drain an instance.
//
//	Lookup("haproxy:cookie") ──► Row, Mechanism ──► Prepare(Params) ──► argv to run
//
// Nothing here starts a process; package targets does. To add a balancer, add a row to rows, a
// template and a golden configuration.
package balancers
