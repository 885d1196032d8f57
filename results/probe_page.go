package results

import (
	"fmt"
	"io"
)

// Text writes the probe's report for people: the mechanism first, then the assertions, then what
// the finding rests on.
func (r *ProbeReport) Text(w io.Writer, width int, color bool) error {
	p := &page{width: max(narrowest, width), color: color}
	title := r.Mechanism
	if r.Kind != "" && r.Kind != "unknown" {
		title += ", " + r.Kind
	}
	p.wrap(p.paint("1", title)+": "+r.Sentence, "  ")
	p.wrap(fmt.Sprintf("%s: %d requests, %d instances %v", r.URL, r.Requests, len(r.Instances), r.Instances), "  ")
	if r.Lifetime != "" {
		p.wrap(fmt.Sprintf("cookie %s: %s; attributes: %s", r.Marker, r.Lifetime, r.Attributes), "  ")
	}
	p.text.WriteString("\n" + p.paint("1", "Assertions") + "\n")
	colors := map[ProbeVerdict]string{Holds: "32", Broken: "31", NotApplicable: "2"}
	words := map[ProbeVerdict]string{Holds: "pass", Broken: "FAIL", NotApplicable: "n/a "}
	for _, a := range r.Assertions {
		p.wrap(p.paint(colors[a.Verdict], words[a.Verdict])+"  "+clean(a.Name+": "+a.Why), "      ")
	}
	evidence := section{title: "How often clients came home with"}
	for _, e := range r.Evidence {
		evidence.lines = append(evidence.lines, fmt.Sprintf("%4d of %-4d %s", e.Home, e.Trials, e.What))
	}
	p.section(evidence)
	return p.flush(w)
}
