package profiles

import (
	"embed"
	"fmt"
)

//go:embed builtin/claims/*.yaml
var claimsYAML embed.FS

// Claim is the embedded experiment of that name, one of those that put the well-known claims about
// sticky sessions to the test.
func Claim(name string) (*Experiment, error) {
	text, err := claimsYAML.ReadFile("builtin/claims/" + name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("experiment of a claim: %w", err)
	}
	return Decode(name+".yaml", text)
}
