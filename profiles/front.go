package profiles

import (
	"regexp"

	"github.com/stickybench/stickybench/internal/wire"
)

// Front is one more balancer, which the run starts before the replicas of Balancer: they are its pool, and users
// connect to it alone.
type Front struct {
	Use    string `yaml:"use,omitempty"`    // what Balancer.Use takes; empty = the same
	Cookie string `yaml:"cookie,omitempty"` // name of its marker cookie; empty = the mechanism's own, the same in both tiers where they are of one kind
}

// cookieName is narrower than RFC 6265: every balancer takes it without quotes.
var cookieName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (b Balancer) checkFront() error {
	switch {
	case b.Front == nil || b.Front.Cookie == "":
		return nil
	case !cookieName.MatchString(b.Front.Cookie):
		return wrong("lb.front.cookie", "%q is no name for a cookie here; use up to 64 letters, digits, - and _", b.Front.Cookie)
	case b.Front.Cookie == wire.SessionCookie:
		return wrong("lb.front.cookie", "%s is the application's own cookie; choose another name", wire.SessionCookie)
	}
	return nil
}
