package probe

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// client is one visitor with an address and cookies of its own.
type client struct {
	number  int
	from    netip.Addr
	cookies []pair
	home    string // instance of its last follow-up
}

type pair struct{ name, value string }

// take keeps the cookies of an answer, whatever their path: the probe knows one URL.
func (c *client) take(set []string) {
	for _, line := range set {
		got, err := http.ParseSetCookie(line)
		if err != nil {
			continue
		}
		c.cookies = slices.DeleteFunc(c.cookies, func(p pair) bool { return p.name == got.Name })
		if got.MaxAge >= 0 && got.Value != "" {
			c.cookies = append(c.cookies, pair{got.Name, got.Value})
		}
	}
}

// value is that of the cookie named, "" when it has none.
func (c *client) value(name string) string {
	for _, p := range c.cookies {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// all is the Cookie header with every cookie.
func (c *client) all() string { return write(c.cookies) }

func (c *client) only(name string) string {
	return write(slices.DeleteFunc(slices.Clone(c.cookies), func(p pair) bool { return p.name != name }))
}

func (c *client) without(name string) string {
	return write(slices.DeleteFunc(slices.Clone(c.cookies), func(p pair) bool { return p.name == name }))
}

func write(cookies []pair) string {
	var out strings.Builder
	for i, p := range cookies {
		if i > 0 {
			out.WriteString("; ")
		}
		out.WriteString(p.name + "=" + p.value)
	}
	return out.String()
}

func (c *client) shot(test string) results.Shot {
	return results.Shot{Test: test, Client: c.number}
}
