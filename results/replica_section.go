package results

import "fmt"

// replicas tells how several replicas of the balancer agreed.
func (r *Report) replicas() section {
	s := section{title: "Replicas"}
	count, ok := r.value("replicas.count")
	if !ok {
		return s
	}
	reached := r.number("replicas.reached_sessions")
	if reached == 0 {
		s.lines = []string{fmt.Sprintf("%.0f replicas; no session reached several: nothing is known of their agreement", count.Value)}
		return s
	}
	s.lines = []string{fmt.Sprintf("%.0f replicas; %s", count.Value, r.agreed(nil)),
		fmt.Sprintf("%.0f sessions were sent elsewhere by another replica than the one before; %.0f of them never by the same one", r.number("replicas.disagreements"), r.number("replicas.broken_sessions"))}
	for _, phase := range []string{"steady", "outage", "blind"} {
		if text := r.agreed(map[string]string{"phase": phase}); text != "" {
			s.lines = append(s.lines, phase+": "+text)
		}
	}
	s.table.columns = headings("", "requests", "departures")
	for _, m := range r.Metrics {
		if m.Name == "replicas.requests" {
			departures, _ := r.Find("replicas.departures", m.Labels)
			s.table.rows = append(s.table.rows, words(m.Labels["replica"], fmt.Sprintf("%.0f", m.Value), fmt.Sprintf("%.0f", departures.Value)))
		}
	}
	return s
}

// agreed is one share with its interval; empty when nothing was measured.
func (r *Report) agreed(labels map[string]string) string {
	m, ok := r.Find("replicas.agreement", labels)
	if !ok {
		return ""
	}
	return fmt.Sprintf("agreed on %.3g%%%s of %d sessions that reached several", 100*m.Value, bounds(m.Lo, m.Hi, 100, "%"), m.N)
}
