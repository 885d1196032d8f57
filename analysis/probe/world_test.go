package probe

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/stickybench/stickybench/results"
)

// world plays a balancer of four instances for the tests of a probe, in the order that matters to it.
type world struct {
	turn    int
	table   map[string]int
	opening map[string]bool // keys that nobody had asked for before the last request, or those sent with it
	// route gives the instance of a request and the Set-Cookie lines of its answer. once is true
	// for the later ones of simultaneous requests: nothing is known of the first yet.
	route func(w *world, source, cookie, header string, at bool) (instance int, set []string)
	shots []results.Shot
}

func (w *world) next() int { w.turn++; return w.turn * 7 % 4 }

func hash(s string) int {
	h := fnv.New32a()
	h.Write([]byte(s))
	return int(h.Sum32() >> 8 % 4)
}

func (w *world) send(shot results.Shot, source, header string, at bool) results.Shot {
	instance, set := w.route(w, source, shot.Sent, header, at)
	shot.Source, shot.Status, shot.Instance, shot.Set = source, 200, fmt.Sprintf("b%d", instance), set
	w.shots = append(w.shots, shot)
	return shot
}

// probe makes the shots that matter for the mechanism.
func (w *world) probe() results.Probe {
	const clients = 40
	cookies := make([]string, clients)
	w.table, w.opening = map[string]int{}, map[string]bool{}
	for round := range 4 {
		for k := range clients {
			i := (k*11 + round*k) % clients // another order each time
			shot := results.Shot{Test: results.TestFirst, Client: i, Sent: cookies[i]}
			if round > 0 {
				shot.Test = results.TestFollow
			}
			shot = w.send(shot, fmt.Sprint("address ", i), "", false)
			for _, line := range shot.Set {
				cookies[i], _, _ = strings.Cut(line, ";")
			}
		}
	}
	for i := range 12 {
		name, _, _ := strings.Cut(cookies[i], "=")
		for k := range 3 {
			elsewhere := fmt.Sprint("elsewhere ", i, k)
			w.send(results.Shot{Test: results.TestCookies, Client: i, Sent: cookies[i]}, elsewhere, "", false)
			w.send(results.Shot{Test: results.TestBare, Client: i}, fmt.Sprint("address ", i), "", false)
			w.send(results.Shot{Test: results.TestKept, Client: i, Sent: cookies[i]}, fmt.Sprint("address ", i), "", false)
			if name != "" {
				w.send(results.Shot{Test: results.TestOnly, Label: name, Client: i, Sent: cookies[i]}, elsewhere, "", false)
			}
			w.next() // other people's requests
		}
	}
	for g := range 6 {
		for k := range 4 {
			group := fmt.Sprint("value ", g)
			w.send(results.Shot{Test: results.TestHeader, Label: "X-User", Group: group, Client: -1}, fmt.Sprint("h", g, k), group, false)
			w.send(results.Shot{Test: results.TestOneConn, Group: group, Client: -1}, fmt.Sprint("connection ", g), "", false)
			w.send(results.Shot{Test: results.TestNewConns, Group: group, Client: -1}, fmt.Sprint("n", g, k), "", false)
		}
		for k := range 8 {
			w.send(results.Shot{Test: results.TestBurst, Group: fmt.Sprint(g), Client: -1}, fmt.Sprint("burst ", g), "", k > 0)
			w.send(results.Shot{Test: results.TestHeaders, Label: "X-User", Group: fmt.Sprint(g), Client: -1}, fmt.Sprint("hs", g, k), fmt.Sprint("burst ", g), k > 0)
		}
		for k := range 8 {
			w.send(results.Shot{Test: results.TestKnownBurst, Group: fmt.Sprint(g), Client: g}, fmt.Sprint("address ", g), "", k > 0)
			w.send(results.Shot{Test: results.TestKnownHeader, Label: "X-User", Group: fmt.Sprint("value ", g), Client: -1}, fmt.Sprint("kh", g, k), fmt.Sprint("value ", g), k > 0)
		}
		w.invent(g, cookies[g])
	}
	return results.Probe{URL: "http://simulated", Sources: true, Shots: w.shots}
}

func (w *world) invent(g int, cookie string) {
	name, value, found := strings.Cut(cookie, "=")
	if !found {
		return
	}
	for k := range 8 {
		odd := results.Shot{Test: results.TestInvented, Label: name, Group: fmt.Sprint("i", g), Client: -1, Sent: fmt.Sprintf("%s=%d%s", name, g, value)}
		w.send(odd, fmt.Sprint("i", g, k), "", false)
		odd.Test, odd.Sent = results.TestInvention, fmt.Sprintf("%s=%d%s!", name, g, value)
		w.send(odd, fmt.Sprint("j", g, k), "", k > 0)
		odd.Test, odd.Sent = results.TestGarbage, name+"=!garbage"
		w.send(odd, fmt.Sprint("k", g, k), "", false)
	}
}

func valueOf(cookie string) string { _, value, _ := strings.Cut(cookie, "="); return value }

// The mechanisms; each knows no more than its argument says.
func roundRobin(w *world, _, _, _ string, _ bool) (int, []string) { return w.next(), nil }

func addressHash(_ *world, source, _, _ string, _ bool) (int, []string) { return hash(source), nil }

// remembered does not know of a key's first request yet when those sent with it come. A key that came before is known.
func remembered(w *world, key string, at bool) int {
	home, known := w.table[key]
	if !at {
		w.opening[key] = !known
	}
	if known && !w.opening[key] {
		return home
	}
	w.table[key] = w.next()
	return w.table[key]
}

// spilling is a hash that sends whatever comes at the same time elsewhere.
func spilling(w *world, key string, at bool) int {
	if at {
		return w.next()
	}
	return hash(key)
}

func addressTable(w *world, source, _, _ string, at bool) (int, []string) {
	return remembered(w, source, at), nil
}

func headerHash(w *world, _, _, header string, _ bool) (int, []string) {
	if header == "" {
		return w.next(), nil
	}
	return hash(header), nil
}

func boundedHeader(w *world, _, _, header string, at bool) (int, []string) {
	if header == "" {
		return w.next(), nil
	}
	return spilling(w, header, at), nil
}

func boundedAddress(w *world, source, _, _ string, at bool) (int, []string) {
	return spilling(w, source, at), nil
}

func headerTable(w *world, _, _, header string, at bool) (int, []string) {
	if header == "" {
		return w.next(), nil
	}
	return remembered(w, header, at), nil
}

func insertedCookie(attributes string) func(*world, string, string, string, bool) (int, []string) {
	return func(w *world, _, cookie, _ string, _ bool) (int, []string) {
		for i := range 4 {
			if valueOf(cookie) == fmt.Sprintf("srv-%d", i) {
				return i, nil
			}
		}
		n := w.next()
		return n, []string{fmt.Sprintf("SRV=srv-%d; Path=/%s", n, attributes)}
	}
}

func applicationCookie(w *world, cookie string) (set []string, value string) {
	if value = valueOf(cookie); value != "" {
		return nil, value
	}
	w.turn++
	value = fmt.Sprintf("%08x", hash(fmt.Sprint("seed", w.turn))*7919+w.turn*104729)
	return []string{"APP=" + value + "; Path=/"}, value
}

func cookieHash(w *world, _, cookie, _ string, _ bool) (int, []string) {
	set, value := applicationCookie(w, cookie)
	if set != nil {
		return w.next(), set
	}
	return hash(value), nil
}

func cookieTable(w *world, _, cookie, _ string, at bool) (int, []string) {
	set, value := applicationCookie(w, cookie)
	return remembered(w, value, at), set
}

// sealedCookie gives each client a random value; others are replaced.
func sealedCookie(w *world, _, cookie, _ string, _ bool) (int, []string) {
	if home, known := w.table[valueOf(cookie)]; known {
		return home, nil
	}
	n := w.next()
	value := fmt.Sprintf("%x", fnv.New64a().Sum([]byte(fmt.Sprint(w.turn*7919))))
	value = fmt.Sprintf("%x-%s", hash(value)+w.turn*31, value)
	w.table[value] = n
	return n, []string{"SEAL=" + value + "; Path=/; HttpOnly"}
}
