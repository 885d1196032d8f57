package results

import (
	"encoding/json"
	"fmt"
	"io"
)

// Badge writes the JSON that an endpoint badge (shields.io) is drawn from.
func Badge(w io.Writer, r *Report) error {
	colors := map[Verdict]string{Pass: "brightgreen", Fail: "red", Inconclusive: "yellow", Invalid: "lightgrey"}
	return json.NewEncoder(w).Encode(struct {
		Schema  int    `json:"schemaVersion"`
		Label   string `json:"label"`
		Message string `json:"message"`
		Color   string `json:"color"`
		IsError bool   `json:"isError"`
	}{1, "session affinity", badgeText(r.finite()), colors[r.Verdict], r.Verdict == Fail})
}

// badgeText says how many sessions broke, unless something else decided the verdict.
func badgeText(r *Report) string {
	ratio, ok := r.value("affinity.broken_ratio")
	broken := r.number("affinity.broken_sessions")
	if ok && (r.Verdict == Pass || r.Verdict == Fail && broken > 0) {
		return fmt.Sprintf("%.0f of %d sessions broke", broken, ratio.N)
	}
	for _, c := range r.Checks {
		if r.Verdict == Fail && c.Verdict == Fail {
			return "not " + c.Gate
		}
	}
	return string(r.Verdict)
}
