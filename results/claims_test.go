package results

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// docs/claims.md is what the tool wrote of a real run, kept beside it as data.
func TestClaimsPage(t *testing.T) {
	text, err := os.ReadFile("testdata/claims.json")
	if err != nil {
		t.Fatal(err)
	}
	var claims Claims
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	if err := ClaimsPage(&page, &claims); err != nil {
		t.Fatal(err)
	}
	golden(t, "../docs/claims.md", page.String())
	again, err := claims.Encode()
	if err != nil || string(again) != string(text) {
		t.Errorf("claims.json does not come back as it was: %v", err)
	}
}
