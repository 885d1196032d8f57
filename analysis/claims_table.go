package analysis

import "fmt"

// claimTable lists what is said of sticky sessions. The arms are those that the trials are played with.
func claimTable() []claim {
	saving := func(trial, conditions, point string) evidence {
		return evidence{trial: trial, conditions: conditions, what: point + " saving", metric: "saving." + point, unit: " ms"}
	}
	share := func(trial, conditions string) evidence {
		return evidence{trial: trial, conditions: conditions, what: "p50 saving", metric: "saving.p50_ratio", unit: " %"}
	}
	skew := func(trial, arm, conditions string) evidence {
		return evidence{trial: trial, arm: arm, conditions: conditions, what: "requests, hottest/mean", metric: "skew.requests.max_over_mean", unit: "×"}
	}
	cpu := func(metric, what string, least, most float64) evidence {
		return evidence{trial: "hot", arm: "ip-hash", conditions: "ten instances of half a virtual core, 200 users behind 20 addresses, hashed",
			what: what, metric: "skew.cpu." + metric, unit: " %", least: least, most: most}
	}
	lost := func(arm, conditions string, least, most float64) evidence {
		return evidence{trial: "crash", arm: arm, conditions: conditions, what: "sessions lost", metric: "failover.lost_per_crash", least: least, most: most}
	}
	return []claim{
		{claimed: "sticky sessions save 0.5–2 ms at the median against a store in the same zone", least: 0.5, most: 2, evidence: []evidence{
			saving("same-zone-1", "k = 1, a pooled read", "p50"), saving("same-zone-2", "k = 2, load and save", "p50"),
			saving("same-zone-7", "k = 7, a framework", "p50"), saving("same-zone-fast-7", "k = 7 on a fast network, 0.1 ms", "p50")}},
		{claimed: "3–8 ms at p99 across zones", least: 3, most: 8, evidence: []evidence{
			saving("cross-zone-4", "k = 4, 0.1 % spikes of 5–15 ms", "p99"), saving("cross-zone-4", "the same at the median", "p50")}},
		{claimed: "10–50 % of the median of handlers of 2–5 ms", least: 10, most: 50, evidence: []evidence{
			share("same-zone-1", "k = 1, handler 3 ms"), share("same-zone-2", "k = 2, handler 2 ms"), share("same-zone-7", "k = 7, handler 3 ms"), share("same-zone-fast-7", "k = 7 on a fast network, handler 3 ms")}},
		{claimed: "the hottest instance gets 1.5–2.5 times the mean", least: 1.5, most: 2.5, evidence: []evidence{
			skew("few-10", "cookie", "10 sessions on each of ten instances, 10 % of them heavy"), skew("few-50", "cookie", "50 sessions on each"),
			skew("few-500", "cookie", "500 sessions on each"), skew("nat", "ip-hash", "30 addresses of ten users, hashed to ten instances"),
			skew("nat", "cookie", "the same users by cookie"), skew("ring-1", "ring", "a ring with one point each"),
			skew("ring-16", "ring", "a ring with 16 points each"), skew("ring-160", "ring", "a ring with 160 points each")}},
		// Wider than the words "80–90 %" and "40 %": how hot the hottest gets depends on the addresses drawn.
		{claimed: "one instance at 80–90 % CPU while the average shows 40 %", evidence: []evidence{
			cpu("hottest", "hottest instance", 75, 95), cpu("mean", "average", 35, 45),
			cpu("headroom", "true headroom", 0, 40), cpu("headroom_by_average", "headroom by the average", 120, 185)}},
		{claimed: "an affinity lifetime of 10–30 minutes is enough", evidence: []evidence{
			{trial: "lifetime", arm: "cookie", conditions: "the default mix, lifetime 10 minutes, sliding", what: "sessions that broke", metric: "affinity.broken_sessions"},
			{trial: "lifetime", arm: "cookie", conditions: "the same", what: "rebinds of idle sessions", metric: "affinity.excused_rebinds"}}},
		{claimed: "a crash loses the instance's sessions unless they are replicated", evidence: []evidence{
			lost("local", "memory, cookie", 1, 1e9), lost("replicated", "copied to a peer, cookie: at most what was in flight", 0, 2), lost("store", "external store, round robin", 0, 0),
			{trial: "rolling", arm: "cookie", conditions: "a rolling restart of three with 200 sessions in memory", what: "sessions lost", metric: "failover.lost_per_deploy", least: 1, most: 1e9}}},
	}
}

// knownTable lists figures that theory gives for what the trials play.
func knownTable() (rows []knownAnswer) {
	add := func(claimed string, value float64, trial, arm, conditions, metric string) {
		rows = append(rows, knownAnswer{claimed: claimed, value: value,
			evidence: evidence{trial: trial, arm: arm, conditions: conditions, what: "measured", metric: metric, unit: "×"}})
	}
	for _, of := range [...][2]string{{"same-zone-1", "k = 1"}, {"same-zone-2", "k = 2"}, {"same-zone-7", "k = 7"}, {"same-zone-fast-7", "k = 7 on a fast network"}} {
		rows = append(rows, knownAnswer{claimed: "the mean saving is the injected distance plus the store's own time", from: storeMilliseconds,
			evidence: evidence{trial: of[0], conditions: of[1], what: "measured", metric: "saving.mean", unit: " ms"}})
	}
	for _, row := range []struct {
		sessions int
		value    float64
	}{{10, 2.54}, {20, 2.03}, {50, 1.63}, {500, 1.19}} {
		for _, arm := range []string{"cookie", "ip-hash"} {
			add(fmt.Sprintf("2 or 100 requests a session, %d sessions an instance, ten instances: %g", row.sessions, row.value), row.value,
				fmt.Sprintf("few-%d", row.sessions), arm, arm, "skew.requests.max_over_mean")
			rows[len(rows)-1].band = fewBand(row.sessions)
		}
	}
	for _, ring := range []struct {
		points, about string
		value         float64
		band          func(int) [2]float64 // of 400 simulated rings and 4000 keys: all blocks have the one ring
	}{{"1", "a ring with one point an instance", 2.95, always(1.80, 5.05)}, {"16", "a ring with 16 points an instance", 1.42, always(1.20, 1.75)},
		{"160", "a ring with 160 points an instance", 1.13, always(1.07, 1.27)}} {
		add(fmt.Sprintf("%s: %g on average", ring.about, ring.value), ring.value,
			"ring-"+ring.points, "ring", "the ring of b1 to b10", "skew.requests.max_over_mean")
		rows[len(rows)-1].band = ring.band
	}
	add("rolling restart of three: (n/(n−1))^n − n/(n−1) = 1.875", 1.875, "rolling", "cookie", "the last tenth of the run", "skew.final.max_over_mean")
	add("two join four: 1 + (k/n)·e^(−t/D) = 1.29 after 1.55 s, D = 2.9 s", 1.29, "scale-out", "cookie", "the last tenth of the run, instances that were there before", "skew.final.steady_over_mean")
	return rows
}
