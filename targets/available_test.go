package targets

import (
	"strings"
	"testing"
)

func TestEveryOfferHasAConfiguration(t *testing.T) {
	for _, offer := range Available(t.Context()) {
		if offer.Installed == "" || offer.Mechanism.Family == "" {
			t.Errorf("incomplete offer %+v", offer)
		}
		use := offer.Use
		if use == "exec:exec" {
			use = "exec:proxy {listen} {backends}"
		}
		text, err := Config(experiment(use))
		if err != nil || !strings.Contains(text, "9002") {
			t.Errorf("%s: %v\n%s", use, err, text)
		}
	}
}
