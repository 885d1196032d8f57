package results

import "slices"

// Quantity describes one metric: what reports, gates and the metrics reference say of it.
type Quantity struct {
	Name, Unit, Better, About string
}

// Units a metric may have.
const (
	Ratio     = "ratio"
	Seconds   = "seconds"
	Count     = "count"
	PerSecond = "per_second"
	PValue    = "p"
	Points    = "points" // of a check: a difference of two ratios
)

// Catalog lists every metric that this program reports, in the order of the reference.
func Catalog() []Quantity {
	return slices.Concat(affinityQuantities, consistencyQuantities(), failoverQuantities, replicaQuantities, trafficQuantities,
		latencyQuantities(), storeQuantities(), savingQuantities(), costQuantities, skewQuantities(), instanceQuantities, balancerQuantities, accessQuantities, generatorQuantities)
}

// Describe finds a metric in the catalog.
func Describe(name string) (Quantity, bool) {
	list := Catalog()
	i := slices.IndexFunc(list, func(q Quantity) bool { return q.Name == name })
	if i < 0 {
		return Quantity{}, false
	}
	return list[i], true
}

var balancerQuantities = []Quantity{
	{"lb.cpu_per_request", Seconds, "lower", "CPU time of the balancer's processes per answered request"},
	{"lb.front.cpu_per_request", Seconds, "lower", "that of the balancer in front of it (lb.front), where there is one"},
	{"lb.added_latency.mean", Seconds, "lower", "mean service time less mean handler time: balancer, network and the instance's own frame"},
}

var accessQuantities = []Quantity{
	{"balancer.log.requests", Count, "", "requests of the measured window that the balancer logged (lb.access_log)"},
	{"balancer.log.disagree", Count, "lower", "of them, those where it names another instance than the client and the ledgers do"},
	{"balancer.log.retried", Count, "lower", "of them, those that it tried more than once"},
	{"balancer.log.hidden_retries", Count, "lower", "retried ones of which the client saw one good answer and the ledgers one request: neither end can tell"},
	{"balancer.log.unlogged", Count, "lower", "requests answered by an instance of which the balancer says nothing"},
	{"balancer.log.failed_tries", Count, "lower", "tries that were given up for another instance, by instance, where the balancer names each"},
	{"balancer.log.own_time.mean", Seconds, "lower", "time in the balancer without the tries, by its own clock, where it tells how long each took"},
	{"balancer.log.own_time.p99", Seconds, "lower", "the same, 99th percentile"},
}

var affinityQuantities = []Quantity{
	{"affinity.sessions", Count, "", "sessions with a request in the measured window"},
	{"affinity.eligible_sessions", Count, "", "sessions that could break: a follow-up request, and a client that keeps the marker"},
	{"affinity.broken_sessions", Count, "lower", "eligible sessions with a switch that nothing excuses"},
	{"affinity.broken_ratio", Ratio, "lower", "broken over eligible sessions, with the Clopper–Pearson interval"},
	{"affinity.jarless_sessions", Count, "", "sessions whose client keeps no marker; they are not eligible"},
	{"affinity.rebinds", Count, "lower", "answers from another instance than the session's home"},
	{"affinity.excused_rebinds", Count, "", "rebinds that had to happen"},
	{"affinity.stick_ratio", Ratio, "higher", "share of follow-up requests that home answered"},
	{"affinity.zombie_sessions", Count, "lower", "sessions sent twice in a row to an instance that had been out for longer than the detection window"},
	{"affinity.churned_sessions", Count, "lower", "sessions whose marker changed though home did not; not told behind a front (lb.front), whose marker may be the one that changed"},
	{"affinity.split_sessions", Count, "lower", "sessions whose first requests, sent together before any marker was known, were answered apart"},
	{"affinity.expired_requests", Count, "", "follow-up requests past the marker's lifetime"},
	{"affinity.overstays", Count, "lower", "of them, those that home still answered"},
	{"affinity.overstay_p", PValue, "", "chance of so many overstays if markers expired as promised"},
	{"affinity.detectable_reroute", Ratio, "lower", "the rate of random re-routes that this run would have missed with a chance of 5 %"},
	{"affinity.sessions_for_one_in_10000", Count, "", "sessions after which one re-route in 10,000 requests is found with a chance of 95 %"},
}

func consistencyQuantities() (list []Quantity) {
	for _, k := range [...][2]string{{"lost", "whose state was gone"}, {"stale", "that saw an older version than before"},
		{"fork", "that saw two histories"}, {"duplicate", "in which one write was applied twice"},
		{"leak", "that got the answer of another session"}} {
		list = append(list, Quantity{"consistency." + k[0], Count, "lower", "sessions " + k[1] + "; with the label excused apart"})
	}
	return append(list, Quantity{"consistency.lost_by_ledger", Count, "", "sessions whose state was gone as the backends recorded it"})
}

var failoverQuantities = []Quantity{
	{"failover.victims", Count, "", "sessions homed on an instance when it failed; with the label fault for each fault"},
	{"failover.ideal_victims", Count, "", "victims of a perfect spread by weight"},
	{"failover.collateral_moves", Count, "lower", "answers that sessions of healthy homes got elsewhere during an outage"},
	{"failover.error_requests", Count, "lower", "failed requests during an outage"},
	{"failover.returned_home", Count, "", "answers by which a victim came back to its old home"},
	{"failover.flaps", Count, "lower", "switches from one healthy instance to another while home is out, once the balancer had to know; they are excused"},
	{"failover.flapped_sessions", Count, "lower", "sessions with at least one flap: victims, and whoever was bound to the instance before the balancer knew; a finding unless the mechanism is declared to flap"},
	{"failover.recovery_seconds", Seconds, "lower", "from the fault to its last failed request"},
	{"failover.family", Ratio, "", "share of the victims that behaved as most did: the label family says how"},
	{"failover.first_success.p50", Seconds, "lower", "from the fault to a victim's first good answer"},
	{"failover.first_success.max", Seconds, "lower", "from the fault to the last victim's first good answer"},
	{"failover.requests", Count, "", "requests by fault and phase"},
	{"failover.error_ratio", Ratio, "lower", "failed requests by fault and phase"},
	{"failover.distinct_instances", Count, "lower", "instances that answered a victim, by fault and phase"},
	{"failover.live_sessions", Count, "", "sessions with a healthy home at a change of the pool"},
	{"failover.live_moves", Count, "lower", "of them, those that moved"},
	{"failover.ideal_live_moves", Count, "", "moves that the mechanism needs for the change"},
	{"failover.excess_moves_p", PValue, "", "chance of so many moves beyond the ideal"},
	{"failover.balance_seconds", Seconds, "lower", "from the return or joining of an instance until it carries 80 % of its even share of the answers, over two seconds"},
	{"failover.new_share", Ratio, "", "new sessions that an instance got after it returned or joined, by change"},
	{"failover.starved_p", PValue, "", "chance of so few new sessions on it at half of the even share; without a label the worst of all"},
	{"failover.drain_admissions", Count, "lower", "new sessions placed on an instance that had been draining"},
	{"failover.lost_per_deploy", Count, "lower", "sessions that lost their state with each rolling deploy"},
	{"failover.late_requests", Count, "lower", "answers of an instance that had been removed for longer than the detection window"},
	{"failover.lost_per_crash", Count, "lower", "sessions that lost their state with each instance that died"},
}

var replicaQuantities = []Quantity{
	{"replicas.count", Count, "", "replicas of the balancer; these metrics are told only of several"},
	{"replicas.reached_sessions", Count, "", "eligible sessions that were answered through more than one replica"},
	{"replicas.agreement", Ratio, "higher", "share of them that every replica sent to where the one before had, or with an excuse elsewhere, with the Clopper–Pearson interval; with the label phase for the hand-overs of one time alone: steady, outage (an instance was out) or blind (a replica could not reach an instance)"},
	{"replicas.disagreements", Count, "lower", "sessions that a replica sent elsewhere than the one before, without an excuse"},
	{"replicas.broken_sessions", Count, "lower", "of them, those in which no move came through the same replica as the answer before: a single one may have kept them"},
	{"replicas.requests", Count, "", "answers through a replica"},
	{"replicas.errors", Count, "lower", "failed requests that were sent to a replica; of one that was down once also with the label phase: down, under way while it was, or up, at any other time"},
	{"replicas.departures", Count, "lower", "sessions with a move that was due to this replica: of two answers from different instances to that of the replica which blindness kept from choosing the other's, or else to that of the later one, unless it had sent the session there itself before"},
}

var trafficQuantities = []Quantity{
	{"requests.count", Count, "", "requests in the measured window"},
	{"requests.rate", PerSecond, "higher", "requests per second of the measured window"},
	{"errors.ratio", Ratio, "lower", "requests without an answer or with status 500 and above"},
}

func storeQuantities() (list []Quantity) {
	list = append(list, Quantity{"store.operations_per_request", Count, "lower", "operations on the session store per answered request"})
	for _, span := range [...][2]string{{"wait", "waiting for a connection to the store, per request"}, {"encode", "encoding the session, per request"},
		{"round_trip", "the store's own time, per operation"}, {"decode", "decoding the session, per request"},
		{"injected", "network round trip injected, per operation"}} {
		for _, p := range latencyPoints {
			if p[0] == "mean" || p[0] == "p50" || p[0] == "p99" {
				list = append(list, Quantity{"store." + span[0] + "." + p[0], Seconds, "lower", p[1] + " of " + span[1]})
			}
		}
	}
	return append(list, Quantity{"store.injected_late.p99", Seconds, "lower",
		"how much longer than drawn the injected round trip of a request was, 99th percentile"})
}

// Points of a latency, and clocks it is taken on.
var latencyPoints = [...][2]string{{"mean", "mean"}, {"p50", "median"}, {"p90", "90th percentile"}, {"p95", "95th percentile"},
	{"p99", "99th percentile"}, {"p999", "99.9th percentile"}, {"max", "greatest"}}

func latencyQuantities() (list []Quantity) {
	for _, clock := range [...][2]string{{"response", "time from when a request was due to its last byte; by label profile too"},
		{"service", "time from sending to the last byte, connecting apart"}, {"connect", "time spent on a new connection"},
		{"store", "time of all store operations of a request"}, {"handler", "time in the backend's handler"}} {
		for _, p := range latencyPoints {
			list = append(list, Quantity{"latency." + clock[0] + "." + p[0], Seconds, "lower", p[1] + " " + clock[1]})
		}
	}
	return list
}

func savingQuantities() (list []Quantity) {
	for _, p := range latencyPoints {
		if p[0] != "mean" && p[0] != "p50" && p[0] != "p90" && p[0] != "p99" {
			continue
		}
		name := "saving." + p[0]
		list = append(list, Quantity{name, Seconds, "higher", "comparison: response time that the first arm saves, " + p[1]},
			Quantity{name + "_ratio", Ratio, "higher", "the same as a share of the second arm's time"},
			Quantity{name + "_p", PValue, "", "the same: exact sign-flip test"})
	}
	return list
}

var costQuantities = []Quantity{
	{"cost.extra_instances", Count, "lower", "comparison: instances the first arm needs more until its hottest is as hot as the second's"},
	{"cost.break_even_operation", Seconds, "lower", "comparison: time of a store operation at which the mean response times are equal; the label at=equal-cpu: with hottest instances equally hot"},
	{"cost.lost_sessions_per_day", Count, "lower", "comparison: sessions that an arm loses in a day of this load and the given crashes and deploys"},
}

func skewQuantities() (list []Quantity) {
	for _, of := range [...][2]string{{"sessions", "sessions"}, {"requests", "requests"}, {"inflight", "requests in flight"}, {"cpu", "CPU time"}} {
		prefix := "skew." + of[0] + "."
		list = append(list,
			Quantity{prefix + "max_over_mean", Ratio, "lower", of[1] + " of the hottest instance over the mean"},
			Quantity{prefix + "cv", Ratio, "lower", of[1] + ": coefficient of variation over the instances"},
			Quantity{prefix + "unavoidable_cv", Ratio, "lower", of[1] + ": what perfectly random assignment would give"},
			Quantity{prefix + "excess_cv", Ratio, "lower", of[1] + ": what the balancer adds; below 0 is better than random"},
			Quantity{prefix + "jain", Ratio, "lower", of[1] + ": Jain's fairness index, 1/(1+CV²)"},
			Quantity{prefix + "gini", Ratio, "lower", of[1] + ": Gini coefficient"})
	}
	return append(list,
		Quantity{"skew.sessions.chi2_p", PValue, "", "session counts against a spread by weight: chi-squared p"},
		Quantity{"skew.requests.random_max_over_mean", Ratio, "", "hottest over mean of random assignments of the same sessions, median and 95 % band"},
		Quantity{"skew.requests.permutation_p", PValue, "", "share of random assignments at least as uneven as the observed one"},
		Quantity{"skew.final.max_over_mean", Ratio, "lower", "requests of the hottest instance over the mean in the last tenth of a run whose pool changed"},
		Quantity{"skew.final.steady_over_mean", Ratio, "lower", "the same of the instances that were never out, their mean over that of all"},
		Quantity{"skew.cpu.hottest", Ratio, "lower", "CPU utilisation of the hottest instance"},
		Quantity{"skew.cpu.mean", Ratio, "", "mean CPU utilisation"},
		Quantity{"skew.cpu.headroom", Ratio, "higher", "growth until the hottest instance is full: 1/hottest − 1"},
		Quantity{"skew.cpu.headroom_by_average", Ratio, "", "growth that the average suggests: 1/mean − 1"})
}

var instanceQuantities = []Quantity{
	{"instance.sessions", Count, "", "sessions first homed on the instance"},
	{"instance.requests", Count, "", "requests it answered"},
	{"instance.cpu_seconds", Seconds, "", "CPU time it used"},
	{"instance.cpu_ratio", Ratio, "", "its CPU utilisation"},
	{"instance.share", Ratio, "", "its share of the answered requests"},
	{"instance.weight_share", Ratio, "", "the share that it has by its weight; only where weights differ"},
}

var generatorQuantities = []Quantity{
	{"generator.lag.p50", Seconds, "lower", "how late requests were sent, median"},
	{"generator.lag.p99", Seconds, "lower", "how late requests were sent, 99th percentile; above 1 ms the run is invalid"},
	{"generator.achieved_ratio", Ratio, "higher", "sent over offered requests; below 98 % the run is invalid"},
	{"generator.cpu_share", Ratio, "lower", "the generator's share of the machine's CPU"},
	{"generator.littles_law", Ratio, "", "mean requests in flight over rate times mean service time; beyond 1 ± 0.25 the run is invalid"},
	{"generator.gc_pauses", Seconds, "lower", "how long the collector stopped the generator, in all"},
	{"generator.gc_longest", Seconds, "lower", "the longest of these pauses"},
	{"generator.recording_held", Seconds, "lower", "how long the disk kept the generator waiting to take the records, in all"},
	{"generator.recording_longest", Seconds, "lower", "the longest of these waits"},
	{"generator.dropped", Count, "lower", "arrivals beyond the limit of users"},
}
