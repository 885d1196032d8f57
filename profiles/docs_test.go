package profiles

import (
	"os"
	"strings"
	"testing"
)

func TestTheReferenceDecodes(t *testing.T) {
	for _, page := range []string{"experiment.md", "stores.md"} {
		text, err := os.ReadFile("../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split(string(text), "```yaml\n")[1:]
		if len(blocks) == 0 {
			t.Errorf("no YAML in %s", page)
		}
		for i, block := range blocks {
			block, _, _ = strings.Cut(block, "```")
			if _, err := Decode(page, []byte(block)); err != nil {
				t.Errorf("block %d: %v", i+1, err)
			}
		}
	}
}
