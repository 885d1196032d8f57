package probe

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// cookie is what is known of one cookie.
type cookie struct {
	*seen
	name   string
	values map[string][]string // by instance, as clients held them when they were home
	first  int                 // clients that got it with their first answer
	given  []*http.Cookie      // each time it was set in a good answer to its holder
	again  int                 // follow-ups that set it, of those that sent it
	sent   int
}

func (s *seen) cookie(name string) *cookie {
	c := &cookie{seen: s, name: name, values: map[string][]string{}}
	for _, shot := range s.Shots {
		set := setIn(shot, name)
		switch shot.Test {
		case results.TestFirst:
			if set != nil {
				c.first++
			}
		case results.TestFollow:
			if value := sentIn(shot, name); value != "" {
				c.sent++
				if set != nil {
					c.again++
				} else if shot.Instance != "" {
					c.values[shot.Instance] = append(c.values[shot.Instance], value)
				}
			}
		default:
			continue
		}
		if set != nil {
			c.given = append(c.given, set)
			if shot.Instance != "" {
				c.values[shot.Instance] = append(c.values[shot.Instance], set.Value)
			}
		}
	}
	return c
}

// setIn is the cookie of that name that the answer sets, or nil.
func setIn(shot results.Shot, name string) *http.Cookie {
	for _, line := range shot.Set {
		if got, err := http.ParseSetCookie(line); err == nil && got.Name == name {
			return got
		}
	}
	return nil
}

// sentIn is the value of the cookie of that name that was sent.
func sentIn(shot results.Shot, name string) string {
	for part := range strings.SplitSeq(shot.Sent, "; ") {
		if got, value, _ := strings.Cut(part, "="); got == name {
			return value
		}
	}
	return ""
}

func (c *cookie) kind() string {
	switch {
	case c.namesInstance():
		return kindInstance
	case c.replaces(results.TestInvented):
		return kindSealed
	case c.constant(results.TestInvented, c.name) && c.meet(results.TestInvention, c.name):
		return kindHash
	}
	return kindTable
}

// namesInstance: the values of an instance share a beginning or an end that no other instance's have.
func (c *cookie) namesInstance() bool {
	return len(c.values) > 1 && (distinct(c.values, func(s string) string { return s }) || distinct(c.values, reverse))
}

// distinct wants a common beginning for each instance, none the beginning of another's.
func distinct(values map[string][]string, turned func(string) string) bool {
	var parts []string
	for _, all := range values {
		common := turned(all[0])
		for _, value := range all {
			common = commonPrefix(common, turned(value))
		}
		if common == "" || len(all) < 2 {
			return false
		}
		parts = append(parts, common)
	}
	slices.Sort(parts)
	for i := 1; i < len(parts); i++ {
		if strings.HasPrefix(parts[i], parts[i-1]) {
			return false
		}
	}
	return true
}

func commonPrefix(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

func reverse(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// replaces says whether answers to such values set the cookie anew.
func (c *cookie) replaces(test string) bool {
	shots := c.of(test, c.name)
	n := 0
	for _, shot := range shots {
		if set := setIn(shot, c.name); set != nil && set.Value != sentIn(shot, c.name) {
			n++
		}
	}
	return n > 0 && float64(n) >= mostly*float64(len(shots))
}

// lifetime tells what ends the cookie, as far as its attributes and its renewal show.
func (c *cookie) lifetime() string {
	if len(c.given) == 0 {
		return "unknown: it was not set during the probe"
	}
	last := c.given[len(c.given)-1]
	told := "ends with the client's session"
	switch {
	case last.MaxAge > 0:
		told = fmt.Sprintf("Max-Age %d s", last.MaxAge)
	case !last.Expires.IsZero():
		told = "expires on " + last.Expires.UTC().Format("2006-01-02 15:04:05")
	}
	switch {
	case c.again == 0 && (last.MaxAge > 0 || !last.Expires.IsZero()):
		return told + ", set once: absolute"
	case c.again == 0:
		return told + "; set once; an expiry that only the balancer knows does not show"
	case c.again == c.sent:
		return told + ", set by each answer: sliding"
	}
	return fmt.Sprintf("%s, set again by %d of %d answers: sliding, renewed now and then", told, c.again, c.sent)
}

// attributes are those of the last Set-Cookie.
func (c *cookie) attributes() string {
	if len(c.given) == 0 {
		return ""
	}
	last := *c.given[len(c.given)-1]
	last.Name, last.Value = "x", ""
	text := strings.TrimPrefix(strings.TrimPrefix(last.String(), "x="), "; ")
	if text == "" {
		return "none"
	}
	return text
}
