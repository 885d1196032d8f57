package results

import (
	"fmt"
	"io"
	"strings"
)

// Annotations writes GitHub's workflow commands: one line for the verdict, one for each gate that
// does not pass.
func Annotations(w io.Writer, r *Report) error {
	r = r.finite()
	lines := []string{annotation(r.Verdict, r.title()+": "+string(r.Verdict), strings.Join(r.Reasons, "\n"))}
	for _, c := range r.Checks {
		if c.Verdict != Pass {
			lines = append(lines, annotation(c.Verdict, c.Gate, string(c.Verdict)+": "+c.Outcome()))
		}
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func annotation(v Verdict, title, message string) string {
	level := map[Verdict]string{Pass: "notice", Fail: "error"}[v]
	if level == "" {
		level = "warning"
	}
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	return fmt.Sprintf("::%s title=%s::%s", level, property.Replace(title), data.Replace(message))
}
