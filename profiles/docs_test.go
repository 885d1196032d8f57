package profiles

import (
	"os"
	"strings"
	"testing"
)

func TestTheReferenceDecodes(t *testing.T) {
	text, err := os.ReadFile("../docs/experiment.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("no YAML in docs/experiment.md")
	}
	for i, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		if _, err := Decode("experiment.md", []byte(block)); err != nil {
			t.Errorf("block %d: %v", i+1, err)
		}
	}
}
