package probe

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// The assertions about a marker cookie.
const (
	saysFirst     = "the first answer gives the client its marker"
	saysAgain     = "a valid marker is not set again for nothing"
	saysPath      = "the marker covers the whole site (Path=/)"
	saysHTTPOnly  = "the marker is hidden from scripts (HttpOnly)"
	saysSameSite  = "the marker says where it may be sent from (SameSite)"
	saysSecure    = "the marker stays on TLS (Secure)"
	saysSize      = "the marker is small"
	saysReveal    = "the marker does not reveal the instance"
	saysForge     = "the marker cannot be written to choose an instance"
	saysCopied    = "a copied marker leads home from elsewhere"
	saysMissing   = "a missing marker is balanced and given anew"
	saysGarbage   = "a garbage marker is balanced and replaced"
	saysEmpty     = "an empty marker is balanced and replaced"
	saysDuplicate = "two markers at once lead to one of their homes"
	saysBeside    = "a marker beside another cookie of its name leads home"
)

func cookieAssertions() []string {
	return []string{saysFirst, saysAgain, saysPath, saysHTTPOnly, saysSameSite, saysSecure, saysSize, saysReveal, saysForge,
		saysCopied, saysMissing, saysGarbage, saysEmpty, saysDuplicate, saysBeside}
}

func (c *cookie) assert(f finding, say func(string, outcome)) {
	firsts := len(c.of(results.TestFirst, ""))
	say(saysFirst, holds(c.first == firsts, "%d of %d first answers set %s", c.first, firsts, c.name))
	say(saysAgain, c.renewal())
	c.assertAttributes(say)
	say(saysReveal, c.reveals())
	say(saysForge, c.forgery(f))
	copied := c.home(results.TestOnly, c.name)
	say(saysCopied, holds(c.decides(copied), "%d of %d requests with nothing but %s came home", copied.Home, copied.Trials, c.name))
	say(saysMissing, c.replaced(f, results.TestWithout))
	say(saysGarbage, c.replaced(f, results.TestGarbage))
	say(saysEmpty, c.replaced(f, results.TestEmpty))
	say(saysDuplicate, c.duplicates())
	say(saysBeside, c.beside())
}

// renewal: to set the same value again makes sense only with an expiry that it moves.
func (c *cookie) renewal() outcome {
	idle := 0
	for _, shot := range c.of(results.TestFollow, "") {
		if set := setIn(shot, c.name); set != nil && set.MaxAge <= 0 && set.Expires.IsZero() && set.Value == sentIn(shot, c.name) {
			idle++
		}
	}
	return holds(idle == 0, "%d of %d follow-ups set %s again, %d of them without changing anything", c.again, c.sent, c.name, idle)
}

func (c *cookie) assertAttributes(say func(string, outcome)) {
	if len(c.given) == 0 {
		for _, name := range []string{saysPath, saysHTTPOnly, saysSameSite, saysSecure, saysSize} {
			say(name, inapplicable("the cookie was not set during the probe"))
		}
		return
	}
	last := c.given[len(c.given)-1]
	say(saysPath, holds(last.Path == "/", "Path=%s", last.Path))
	say(saysHTTPOnly, holds(last.HttpOnly, "%s", c.attributes()))
	say(saysSameSite, holds(last.SameSite > http.SameSiteDefaultMode, "%s", c.attributes()))
	if c.Secure {
		say(saysSecure, holds(last.Secure, "%s", c.attributes()))
	} else {
		say(saysSecure, inapplicable("the URL is http"))
	}
	const least = 4096 // what RFC 6265 wants clients to take, name and value together
	size := len(last.Name) + len(last.Value)
	say(saysSize, holds(size <= least/4, "%d bytes", size))
}

// addressLike finds an IPv4 address with or without port, and the decimal one of BIG-IP.
var addressLike = regexp.MustCompile(`\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|^\d{8,10}\.\d{1,5}\.0000$`)

// reveals looks for the instance's name or an address in the values, as they are and decoded.
func (c *cookie) reveals() outcome {
	named := len(c.values) > 1
	for instance, values := range c.values {
		word := regexp.MustCompile(`(^|[^A-Za-z0-9])` + regexp.QuoteMeta(instance) + `($|[^A-Za-z0-9])`)
		for _, value := range values {
			texts := decoded(value)
			if slices.ContainsFunc(texts, addressLike.MatchString) {
				return holds(false, "%s=%s holds an address", c.name, value)
			}
			named = named && slices.ContainsFunc(texts, word.MatchString)
		}
	}
	if named {
		return holds(false, "every value of %s holds the name of its instance", c.name)
	}
	return holds(true, "no value of %s holds the name of an instance or an address, plain or encoded", c.name)
}

// decoded is the value with everything that it may be an encoding of.
func decoded(value string) []string {
	texts := []string{value}
	if text, err := url.QueryUnescape(value); err == nil {
		texts = append(texts, text)
	}
	bare := strings.TrimRight(value, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if text, err := encoding.DecodeString(bare); err == nil {
			texts = append(texts, string(text))
		}
	}
	if text, err := hex.DecodeString(value); err == nil {
		texts = append(texts, string(text))
	}
	return texts
}

// forgery: to a hash any value leads somewhere, and what is made from an address leads there by chance.
func (c *cookie) forgery(f finding) outcome {
	shots := c.of(results.TestForged, c.name)
	var ways []string
	hits, sent := map[string]int{}, map[string]int{}
	for _, shot := range shots {
		if sent[shot.Group]++; sent[shot.Group] == 1 {
			ways = append(ways, shot.Group)
		}
		if shot.Instance == shot.Wanted {
			hits[shot.Group]++
		}
	}
	switch {
	case f.kind == kindHash:
		return inapplicable("any value has a home: a client can search for one that leads where it wants")
	case len(ways) == 0:
		return holds(true, "no value holds an instance's name that could be exchanged for another's, and no address of an instance is known")
	}
	for _, way := range ways {
		if float64(hits[way]) >= mostly*float64(sent[way]) {
			return holds(false, "with %s as the value, %d of %d requests went where the client chose", way, hits[way], sent[way])
		}
	}
	return holds(true, "values made from names or addresses of instances led there no oftener than by chance, in %d ways", len(ways))
}

// replaced: such a request is answered, goes anywhere, and gets a marker of its own.
func (c *cookie) replaced(f finding, test string) outcome {
	shots := c.of(test, c.name)
	if len(shots) == 0 {
		return inapplicable("not tried: the cookie is the only one")
	}
	bad, given, places := 0, 0, map[string]bool{}
	for _, shot := range shots {
		if failed(shot) {
			bad++
		}
		if set := setIn(shot, c.name); set != nil {
			given++
		}
		places[shot.Instance] = true
	}
	if f.kind == kindHash && test != results.TestWithout {
		return holds(bad == 0, "%d of %d failed; a hash takes any value, so none is replaced", bad, len(shots))
	}
	return holds(bad == 0 && len(places) > 1 && given == len(shots), "%d of %d failed, %d were given a new one, %d instances served them", bad, len(shots), given, len(places))
}

func (c *cookie) duplicates() outcome {
	shots := c.of(results.TestDuplicate, c.name)
	if len(shots) == 0 {
		return inapplicable("all clients live on one instance")
	}
	stray := 0
	for _, shot := range shots {
		if failed(shot) || shot.Instance != shot.Wanted && shot.Instance != shot.Other {
			stray++
		}
	}
	together, _ := whole(c.grouped(results.TestDuplicate, c.name))
	groups := len(c.grouped(results.TestDuplicate, c.name))
	return holds(stray == 0 && together == groups, "%d of %d went elsewhere; %d of %d pairs led to the same instance twice", stray, len(shots), together, groups)
}

// beside: which of two cookies comes first is up to the client, by their paths and ages.
func (c *cookie) beside() outcome {
	home, sent := map[string]int{}, map[string]int{}
	for _, shot := range c.of(results.TestBeside, c.name) {
		sent[shot.Group]++
		if !failed(shot) && shot.Instance == shot.Wanted {
			home[shot.Group]++
		}
	}
	if len(sent) == 0 {
		return inapplicable("no client that holds the cookie has a known home")
	}
	return holds(maps.Equal(home, sent), "%d of %d requests came home with the marker first, %d of %d with it second",
		home["first"], sent["first"], home["second"], sent["second"])
}
