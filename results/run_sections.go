package results

import (
	"fmt"
	"slices"
	"strings"
)

// runSections are those of one run.
func (r *Report) runSections() []section {
	return []section{r.affinity(), r.consistency(), r.failover(), r.replicas(), r.latency(), r.store(), r.instances(), r.account(), r.generator(), r.timeline(), r.violations()}
}

func (r *Report) affinity() section {
	ratio, ok := r.value("affinity.broken_ratio")
	if !ok {
		return section{title: "Affinity", lines: []string{"not measured: no session made a second request"}}
	}
	return section{title: "Affinity", lines: []string{
		fmt.Sprintf("%.0f sessions, %.0f eligible, %.0f broken = %.3g%%%s at 95 %%", r.number("affinity.sessions"),
			r.number("affinity.eligible_sessions"), r.number("affinity.broken_sessions"), 100*ratio.Value, bounds(ratio.Lo, ratio.Hi, 100, "%")),
		fmt.Sprintf("%.0f rebinds, %.0f of them excused; %.4g%% of follow-up requests stayed home", r.number("affinity.rebinds"),
			r.number("affinity.excused_rebinds"), 100*r.number("affinity.stick_ratio"))}}
}

// anomalies are the kinds of consistency anomaly, in the order in which they are told.
var anomalies = [...]string{"lost", "stale", "fork", "duplicate", "leak"}

func (r *Report) consistency() section {
	if _, ok := r.value("affinity.broken_ratio"); !ok {
		return section{}
	}
	var parts []string
	for _, kind := range anomalies {
		text := fmt.Sprintf("%s %.0f", kind, r.number("consistency."+kind))
		if m, ok := r.Find("consistency."+kind, map[string]string{"excused": "true"}); ok && m.Value > 0 {
			text += fmt.Sprintf(" (%.0f excused)", m.Value)
		}
		parts = append(parts, text)
	}
	return section{title: "Consistency", lines: []string{strings.Join(parts, ", ") + " sessions"}}
}

func (r *Report) failover() section {
	s := section{title: "Failover"}
	for _, m := range r.Metrics {
		if m.Name != "failover.victims" || m.Labels == nil {
			continue
		}
		get := func(name string) Metric { f, _ := r.Find("failover."+name, m.Labels); return f }
		text := fmt.Sprintf("%s: %.0f sessions homed there (ideal %.0f), %.0f collateral moves, %.0f failed requests, %.0f returned home",
			m.Labels["fault"], m.Value, get("ideal_victims").Value, get("collateral_moves").Value, get("error_requests").Value, get("returned_home").Value)
		if flaps := get("flaps").Value; flaps > 0 {
			text += fmt.Sprintf(", %.0f flapped %.0f times", get("flapped_sessions").Value, flaps)
		}
		if recovery := get("recovery_seconds"); recovery.N > 0 {
			text += fmt.Sprintf(", recovered in %.3g s", recovery.Value)
		}
		s.lines = append(append(s.lines, text), r.victims(m.Labels["fault"])...)
	}
	s.lines = append(s.lines, r.moves()...)
	return s
}

// quantileColumns are those of the latency table; a narrow page keeps the ones that say most.
var quantileColumns = []column{{"mean", 2}, {"p50", 0}, {"p90", 0}, {"p95", 3}, {"p99", 0}, {"p999", 1}, {"max", 0}}

func (r *Report) latency() section {
	s := section{title: "Latency (ms)", table: table{columns: append([]column{{"", 0}}, quantileColumns...)}}
	for _, m := range r.Metrics {
		clock, found := strings.CutPrefix(m.Name, "latency.")
		clock, isMedian := strings.CutSuffix(clock, ".p50")
		if !found || !isMedian || m.Labels != nil && clock != "response" {
			continue // by profile the response time says enough
		}
		name := strings.TrimSpace(clock + " " + m.Labels["profile"])
		s.table.rows = append(s.table.rows, r.latencyRow(name, "latency."+clock+".", m.Labels))
	}
	return s
}

func (r *Report) latencyRow(name, prefix string, labels map[string]string) []cell {
	row := words(name)
	for _, q := range quantileColumns {
		m, ok := r.Find(prefix+q.name, labels)
		text := "-"
		if ok {
			text = short(1e3 * m.Value)
			if len(m.Warnings) > 0 {
				text += "*"
			}
		}
		row = append(row, cell{text: text})
	}
	return row
}

func (r *Report) instances() section {
	s := section{title: "Instances", table: table{columns: []column{{"", 0}, {"sessions", 0}, {"requests", 0}, {"CPU s", 2}, {"CPU", 1}, {"share", 0}, {"", 0}}}}
	for _, m := range r.Metrics {
		if m.Name == "instance.requests" {
			s.table.rows = append(s.table.rows, r.instanceRow(m.Labels))
		}
	}
	mean, spread := "the mean", "an even spread"
	if slices.ContainsFunc(r.Metrics, func(m Metric) bool { return m.Name == "instance.weight_share" }) {
		mean, spread = "the share of its weight", "a spread by weight"
	}
	for _, of := range []string{"sessions", "requests", "inflight", "cpu"} {
		if m, ok := r.value("skew." + of + ".max_over_mean"); ok {
			s.after = append(s.after, fmt.Sprintf("%s: hottest %.3g× %s, CV %.3g of which %.3g unavoidable, excess %.3g", of, m.Value, mean,
				r.number("skew."+of+".cv"), r.number("skew."+of+".unavoidable_cv"), r.number("skew."+of+".excess_cv")))
		}
	}
	if m, ok := r.value("skew.sessions.chi2_p"); ok {
		s.after = append(s.after, fmt.Sprintf("session counts against %s: chi-squared p = %.3g", spread, m.Value))
	}
	if _, ok := r.value("skew.cpu.headroom"); ok {
		s.after = append(s.after, fmt.Sprintf("headroom %+.0f%% (by the average it looks like %+.0f%%)", 100*r.number("skew.cpu.headroom"),
			100*r.number("skew.cpu.headroom_by_average")))
	}
	return s
}

func (r *Report) instanceRow(labels map[string]string) []cell {
	get := func(name string) float64 { m, _ := r.Find("instance."+name, labels); return m.Value }
	row := words(labels["instance"], fmt.Sprintf("%.0f", get("sessions")), fmt.Sprintf("%.0f", get("requests")),
		fmt.Sprintf("%.3g", get("cpu_seconds")), fmt.Sprintf("%.3g%%", 100*get("cpu_ratio")), fmt.Sprintf("%.1f%%", 100*get("share")))
	return append(row, cell{bar: get("share"), isBar: true})
}

// account tells how the balancer's own log compares with the two ends; nothing without one.
func (r *Report) account() section {
	requests, ok := r.value("balancer.log.requests")
	if !ok {
		return section{}
	}
	s := section{title: "Balancer's log", lines: []string{fmt.Sprintf("%.0f requests logged, %.0f name another instance than the two ends do, %.0f answered requests are missing",
		requests.Value, r.number("balancer.log.disagree"), r.number("balancer.log.unlogged"))}}
	retried := fmt.Sprintf("%.0f retried, %.0f of them unseen by client and ledgers", r.number("balancer.log.retried"), r.number("balancer.log.hidden_retries"))
	for _, m := range r.Metrics {
		if m.Name == "balancer.log.failed_tries" {
			retried += fmt.Sprintf("; %.0f tries on %s given up", m.Value, m.Labels["instance"])
		}
	}
	s.lines = append(s.lines, retried)
	if own, ok := r.value("balancer.log.own_time.mean"); ok {
		s.lines = append(s.lines, fmt.Sprintf("time of its own: mean %.3g ms, p99 %.3g ms", 1e3*own.Value, 1e3*r.number("balancer.log.own_time.p99")))
	}
	return s
}

func (r *Report) generator() section {
	return section{title: "Generator", lines: []string{
		fmt.Sprintf("%.0f requests at %.1f/s, errors %.3g%%, lag p50 %.3g ms p99 %.3g ms, achieved %.4g%% of the offered load, CPU share %.2g%% of the machine, collector pauses up to %.2g ms, Little's law %.3g",
			r.number("requests.count"), r.number("requests.rate"), 100*r.number("errors.ratio"), 1e3*r.number("generator.lag.p50"),
			1e3*r.number("generator.lag.p99"), 100*r.number("generator.achieved_ratio"), 100*r.number("generator.cpu_share"),
			1e3*r.number("generator.gc_longest"), r.number("generator.littles_law"))}}
}

func (r *Report) timeline() section {
	s := section{title: "Timeline"}
	for _, e := range r.Timeline {
		s.lines = append(s.lines, fmt.Sprintf("%7.2f s  %s", e.At, e.What))
	}
	return s
}

// shownViolations keeps the report on a screen; report.json has the rest.
const shownViolations = 8

func (r *Report) violations() section {
	s, open := section{title: "Violations"}, 0
	for _, v := range r.Violations {
		if v.Excused {
			continue
		}
		if open++; open <= shownViolations {
			s.lines = append(s.lines, fmt.Sprintf("%7.2f s  %-9s session %s %s→%s%s: %s", v.At, v.Kind, v.Session, v.From, v.To, v.through(), v.Why))
		}
	}
	if more := open - shownViolations; more > 0 {
		s.lines = append(s.lines, fmt.Sprintf("… and %d more in report.json", more))
	}
	return s
}

// bounds is " (lo … hi unit)", or nothing when no interval is claimed.
func bounds(lo, hi *float64, scale float64, unit string) string {
	switch {
	case lo != nil && hi != nil:
		return fmt.Sprintf(" (%s%s … %s%s)", short(*lo*scale), unit, short(*hi*scale), unit)
	case hi != nil:
		return fmt.Sprintf(" (below %s%s)", short(*hi*scale), unit)
	}
	return ""
}
