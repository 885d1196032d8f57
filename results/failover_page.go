package results

import (
	"fmt"
	"strings"
)

// fate words the families by which sessions of a failed instance were seen to behave.
func fate(family string) string {
	switch family {
	case "stay":
		return "moved and stayed"
	case "home":
		return "moved and came home"
	case "flap":
		return "flapped from instance to instance"
	case "stuck":
		return "stayed stuck on the dead instance"
	}
	return "moved"
}

// victims tells what became of the sessions of one fault, and how each phase went.
func (r *Report) victims(fault string) (lines []string) {
	var parts []string
	for _, m := range r.Metrics {
		if m.Labels["fault"] != fault {
			continue
		}
		switch phase := m.Labels["phase"]; m.Name {
		case "failover.family":
			parts = append(parts, fmt.Sprintf("%.0f%% of %d victims %s", 100*m.Value, m.N, fate(m.Labels["family"])))
		case "failover.first_success.max":
			parts = append(parts, fmt.Sprintf("the last was served again after %.3g s", m.Value))
		case "failover.error_ratio":
			parts = append(parts, fmt.Sprintf("%s %.3g%% errors", phase, 100*m.Value))
		case "failover.distinct_instances":
			parts = append(parts, fmt.Sprintf("%.2g instances per victim", m.Value))
		}
	}
	if len(parts) > 0 {
		lines = append(lines, "  "+strings.Join(parts, ", "))
	}
	return lines
}

// moves tells how many sessions of healthy homes each change of the pool moved, and how an instance that came took its share.
func (r *Report) moves() (lines []string) {
	for _, m := range r.Metrics {
		if m.Name != "failover.live_moves" {
			continue
		}
		live, _ := r.Find("failover.live_sessions", m.Labels)
		ideal, _ := r.Find("failover.ideal_live_moves", m.Labels)
		text := fmt.Sprintf("%s: %.0f of %.0f sessions with healthy homes moved (ideal %.3g)", m.Labels["change"], m.Value, live.Value, ideal.Value)
		if share, ok := r.Find("failover.new_share", m.Labels); ok {
			text += fmt.Sprintf(", it got %.3g%% of %d new sessions", 100*share.Value, share.N)
		}
		if after, ok := r.Find("failover.balance_seconds", m.Labels); ok {
			text += fmt.Sprintf(", and carried its load after %.3g s", after.Value)
		}
		lines = append(lines, text)
	}
	return lines
}
