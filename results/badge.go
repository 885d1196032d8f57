package results

import (
	"encoding/json"
	"fmt"
	"io"
)

// Badge writes the JSON that an endpoint badge (shields.io) is drawn from.
func Badge(w io.Writer, r *Report) error {
	colors := map[Verdict]string{Pass: "brightgreen", Fail: "red", Inconclusive: "yellow", Invalid: "lightgrey"}
	message := string(r.Verdict)
	if ratio, ok := r.value("affinity.broken_ratio"); ok && r.Verdict != Invalid {
		message = fmt.Sprintf("%.0f of %d sessions broke", r.number("affinity.broken_sessions"), ratio.N)
	}
	return json.NewEncoder(w).Encode(struct {
		Schema  int    `json:"schemaVersion"`
		Label   string `json:"label"`
		Message string `json:"message"`
		Color   string `json:"color"`
		IsError bool   `json:"isError"`
	}{1, "session affinity", message, colors[r.Verdict], r.Verdict == Fail})
}
