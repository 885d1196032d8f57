package results

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// ClaimsSchema is the schema of claims.json.
const ClaimsSchema = "stickybench/claims/v1"

// Claims is the outcome of `compare --claims`.
type Claims struct {
	Schema  string    `json:"schema"`
	Version string    `json:"version"`
	Date    time.Time `json:"date"`
	Host    Host      `json:"host"`
	Store   string    `json:"store"` // version of the store's server
	Quick   bool      `json:"quick"`
	Claims  []Claim   `json:"claims"`
	Known   []Claim   `json:"known"`   // figures that theory gives
	Invalid []string  `json:"invalid"` // trials in which the machine was the bottleneck
}

// Claim is one thing that is said, and what was measured.
type Claim struct {
	Claimed  string     `json:"claimed"`
	Verdict  string     `json:"verdict"` // "holds", "partly", "does not hold", "undecided", "not measured"; "reproduced", "not reproduced" for known answers
	Evidence []Evidence `json:"evidence"`
}

// Evidence is one measurement under one condition.
type Evidence struct {
	Conditions string   `json:"conditions"`
	What       string   `json:"what"`
	Unit       string   `json:"unit"`
	Value      float64  `json:"value"` // in Unit, as are the bounds
	Lo         *float64 `json:"lo,omitempty"`
	Hi         *float64 `json:"hi,omitempty"`
	Verdict    string   `json:"verdict"`       // "inside" the claimed range, "outside", "undecided"; "" = not measured
	Why        string   `json:"why,omitempty"` // what it lacks
}

// Encode gives the claims as indented JSON.
func (c *Claims) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encoding claims.json: %w", err)
	}
	return append(text, '\n'), nil
}

// ClaimsPage writes the claims as a Markdown page.
func ClaimsPage(w io.Writer, c *Claims) error {
	var text strings.Builder
	command, kind := "stickybench compare --claims", "full"
	if c.Quick {
		command, kind = command+" --quick", "quick"
	}
	fmt.Fprintf(&text, "# The claims, put to the test\n\nWritten by `%s` on %s: a %s run on %s (%d cores), %s %s,\nstore %s. Intervals are 95 %%, over the blocks of each comparison; what an interval crosses is undecided.\n\n",
		command, c.Date.UTC().Format("2006-01-02 15:04 UTC"), kind, c.Host.CPU, c.Host.Cores, c.Host.OS, c.Host.Kernel, c.Store)
	text.WriteString("| claimed | conditions | measured here | |\n|---|---|---|---|\n")
	claimRows(&text, c.Claims)
	text.WriteString("\n## Known answers\n\nFigures that theory gives, reproduced by running.\n\n| known answer | conditions | measured here | |\n|---|---|---|---|\n")
	claimRows(&text, c.Known)
	if len(c.Invalid) > 0 {
		fmt.Fprintf(&text, "\nThe machine was too busy in %s: times measured there are not trusted; how requests and sessions lay on the instances is not touched by that.\n",
			strings.Join(c.Invalid, ", "))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

func claimRows(text *strings.Builder, claims []Claim) {
	for _, claim := range claims {
		title := fmt.Sprintf("%s: **%s**", claim.Claimed, claim.Verdict)
		for _, e := range claim.Evidence {
			fmt.Fprintf(text, "| %s | %s | %s | %s |\n", title, e.Conditions, e.measured(), e.Verdict)
			title = ""
		}
	}
}

func (e Evidence) measured() string {
	if e.Why != "" {
		return e.Why
	}
	return fmt.Sprintf("%s %s%s%s", e.What, short(e.Value), bounds(e.Lo, e.Hi, 1, ""), e.Unit)
}
