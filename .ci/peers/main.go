// Peers compares what load generators cost and whether they tell the truth: stickybench with cookies,
// oracle, histograms and recording on, and others, in turn against one server. `make bench-peers` runs it.
//
//	cost     CPU per request and rate, closed loop, against one nginx worker
//	pacing   how late requests arrive at the server, 5,000/s open loop
//	stall    the p99 that each reports when the server is frozen for 1 s of 10
//	memory   resident memory per user
//
// The server runs on the first core, the generator on the second. Absolute figures mean little on a
// shared machine; ratios inside one round are the result.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 2 && os.Args[1] == recorderRole {
		check(record())
		return
	}
	only := flag.String("only", "wrk,stickybench,hey,bombardier,vegeta,fortio,k6", "which tools, separated by commas; those written in Go are built first")
	rows := flag.String("rows", "cost,pacing,stall,memory", "which rows, separated by commas")
	rounds := flag.Int("rounds", 5, "how often cost is measured; pacing half as often, the others once")
	seconds := flag.Int("seconds", 4, "how long each run of cost and pacing is")
	patience := flag.Duration("patience", 0, "how long each run waits for others on this machine to rest")
	flag.Parse()
	l := newLab(*rounds, *seconds)
	l.patience = *patience
	defer os.RemoveAll(l.work)
	l.equip(strings.Split(*only, ","))
	fmt.Println(machine())
	for _, row := range []struct {
		name    string
		measure func(*lab)
	}{{"cost", (*lab).cost}, {"pacing", (*lab).pacing}, {"stall", (*lab).stall}, {"memory", (*lab).memory}} {
		if slices.Contains(strings.Split(*rows, ","), row.name) {
			row.measure(l)
		}
	}
	fmt.Printf("\n%d of %d runs began while others used more than a tenth of the machine.\n", l.disturbed, l.runs)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
