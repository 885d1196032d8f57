package profiles

import (
	"testing"
)

func TestFrontMistakesAreOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"lb: {front: {cookie: SBSESSION}}":                                       "e.yaml:1:22: lb.front.cookie: SBSESSION is the application's own cookie; choose another name",
		`lb: {front: {cookie: "a b"}}`:                                           `e.yaml:1:22: lb.front.cookie: "a b" is no name for a cookie here; use up to 64 letters, digits, - and _`,
		`lb: {front: {cookie: "x;\n}"}}`:                                         "is no name for a cookie here",
		"lb: {front: {name: X}}":                                                 `e.yaml:1:14: unknown key "name"`,
		"lb: {url: http://127.0.0.1:81, front: {}}":                              "lb.front: the run starts nothing in front of lb.url; leave it out, or let the run start both with lb.use",
		"faults: [{at: 1s, kill: front}]":                                        "e.yaml:1:10: faults[0]: kill front: there is no balancer in front; set lb.front, or use lb",
		"lb: {front: {}}\nfaults: [{at: 1s, freeze: front}]":                     "e.yaml:2:10: faults[0]: freeze front: use an instance, all",
		"lb: {front: {}}\nfaults: [{at: 1s, restart: front, keep_memory: true}]": "keep_memory is about sessions in an instance; front keeps none",
	} {
		oneLine(t, text, want)
	}
}

// A front that says nothing is there all the same, also when the directory is read again.
func TestAnEmptyFrontIsOne(t *testing.T) {
	e, err := Decode("e.yaml", []byte("lb: {front: {}}\nfaults: [{at: 1s, restart: front}, {at: 2s, kill: lb}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	target, err := e.EncodeTarget()
	if err != nil {
		t.Fatal(err)
	}
	again := Default()
	if err := again.DecodeTarget(target); err != nil || again.Balancer.Front == nil || *again.Balancer.Front != (Front{}) {
		t.Errorf("%v, front %+v of\n%s", err, again.Balancer.Front, target)
	}
	if Default().Balancer.Front != nil {
		t.Error("there is a front by default")
	}
}
