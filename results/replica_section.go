package results

import "fmt"

// replicas tells how several replicas of the balancer agreed, and what failed at each.
func (r *Report) replicas() section {
	s := section{title: "Replicas"}
	count, ok := r.value("replicas.count")
	if !ok {
		return s
	}
	s.lines = append(r.agreements(count.Value), r.downtimes()...)
	s.table.columns = headings("", "requests", "errors", "departures")
	for _, m := range r.Metrics {
		if m.Name == "replicas.requests" {
			errors, _ := r.Find("replicas.errors", m.Labels)
			departures, _ := r.Find("replicas.departures", m.Labels)
			s.table.rows = append(s.table.rows, words(m.Labels["replica"], fmt.Sprintf("%.0f", m.Value), fmt.Sprintf("%.0f", errors.Value), fmt.Sprintf("%.0f", departures.Value)))
		}
	}
	return s
}

func (r *Report) agreements(count float64) (lines []string) {
	if r.number("replicas.reached_sessions") == 0 {
		return []string{fmt.Sprintf("%.0f replicas; no session reached several: nothing is known of their agreement", count)}
	}
	lines = []string{fmt.Sprintf("%.0f replicas; %s", count, r.agreed(nil)),
		fmt.Sprintf("%.0f sessions were sent elsewhere by another replica than the one before; %.0f of them never by the same one", r.number("replicas.disagreements"), r.number("replicas.broken_sessions"))}
	for _, phase := range []string{"steady", "outage", "blind"} {
		if text := r.agreed(map[string]string{"phase": phase}); text != "" {
			lines = append(lines, phase+": "+text)
		}
	}
	return lines
}

// agreed is one share with its interval; empty when nothing was measured.
func (r *Report) agreed(labels map[string]string) string {
	m, ok := r.Find("replicas.agreement", labels)
	if !ok {
		return ""
	}
	return fmt.Sprintf("agreed on %.3g%%%s of %d sessions that reached several", 100*m.Value, bounds(m.Lo, m.Hi, 100, "%"), m.N)
}

// downtimes has a line for each replica that was down.
func (r *Report) downtimes() (lines []string) {
	for _, m := range r.Metrics {
		if m.Name == "replicas.errors" && m.Labels["phase"] == "down" {
			all, _ := r.Find("replicas.errors", map[string]string{"replica": m.Labels["replica"]})
			lines = append(lines, fmt.Sprintf("%s was down for a time: %.0f of the %.0f requests that failed at it did so meanwhile", m.Labels["replica"], m.Value, all.Value))
		}
	}
	return lines
}
