package profiles

import (
	"os"
	"strings"
	"testing"
)

func TestTheReferenceDecodes(t *testing.T) {
	for _, name := range []string{"experiment.md", "protocols.md", "stores.md"} {
		text, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split(string(text), "```yaml\n")[1:]
		if len(blocks) == 0 {
			t.Fatalf("no YAML in docs/%s", name)
		}
		for i, block := range blocks {
			block, _, _ = strings.Cut(block, "```")
			if _, err := Decode(name, []byte(block)); err != nil {
				t.Errorf("%s, block %d: %v", name, i+1, err)
			}
		}
	}
}
