package results

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// browser drives a headless Chromium over its debugging pipe: JSON messages that end with a NUL byte, in
// on descriptor 3, out on 4 (chromedevtools.github.io/devtools-protocol).
type browser struct {
	in      io.Writer
	mu      sync.Mutex
	next    int
	waiting map[int]chan reply
	events  map[string]func(method string, params json.RawMessage) // by session
}

type reply struct {
	ID      int             `json:"id"`
	Session string          `json:"sessionId"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *struct{ Message string }
}

// patience bounds one answer of the browser on a machine busy with other tests.
const patience = time.Minute

func startBrowser(t *testing.T) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("STICKYBENCH_REQUIRE_REAL") == "1" {
			t.Fatal(err)
		}
		t.Skip("chromium is not installed")
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{in: in, waiting: map[int]chan reply{}, events: map[string]func(string, json.RawMessage){}}
	go b.read(out)
	t.Cleanup(func() {
		b.call(t, "", "Browser.close", nil, nil)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			<-ended
		}
		in.Close()
		out.Close()
	})
	return b
}

func (b *browser) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m reply
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		answer, event := b.waiting[m.ID], b.events[m.Session]
		delete(b.waiting, m.ID)
		b.mu.Unlock()
		switch {
		case answer != nil:
			answer <- m
		case event != nil && m.Method != "":
			event(m.Method, m.Params)
		}
	}
}

// call sends a command and decodes its result into the given pointer, unless that is nil.
func (b *browser) call(t *testing.T, session, method string, params map[string]any, into any) {
	t.Helper()
	answer := make(chan reply, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	b.waiting[id] = answer
	b.mu.Unlock()
	message := map[string]any{"id": id, "method": method, "params": params}
	if session != "" {
		message["sessionId"] = session
	}
	text, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.in.Write(append(text, 0)); err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			t.Fatalf("%s: %s", method, m.Error.Message)
		}
		if into != nil {
			if err := json.Unmarshal(m.Result, into); err != nil {
				t.Fatalf("%s: %v", method, err)
			}
		}
	case <-time.After(patience):
		t.Fatalf("%s: no answer", method)
	}
}

// tab is one open page and what it complained about.
type tab struct {
	*browser
	session string
	mu      sync.Mutex
	found   []string
	loaded  chan bool
}

func (b *browser) open(t *testing.T, url string, width, height int, scheme string) *tab {
	t.Helper()
	var target struct{ TargetID, SessionID string }
	b.call(t, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call(t, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &target)
	p := &tab{browser: b, session: target.SessionID, loaded: make(chan bool, 10)}
	b.mu.Lock()
	b.events[p.session] = p.listen(url)
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		p.call(t, p.session, domain+".enable", nil, nil)
	}
	p.call(t, p.session, "Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	p.call(t, p.session, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	p.call(t, p.session, "Page.navigate", map[string]any{"url": url}, nil)
	select {
	case <-p.loaded:
	case <-time.After(patience):
		t.Fatal("the page does not load")
	}
	t.Cleanup(func() { b.call(t, "", "Target.closeTarget", map[string]any{"targetId": target.TargetID}, nil) })
	return p
}

// listen keeps console messages, exceptions and every request but for the page itself.
func (p *tab) listen(url string) func(string, json.RawMessage) {
	return func(method string, params json.RawMessage) {
		switch method {
		case "Page.loadEventFired":
			p.loaded <- true
			return
		case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
		case "Network.requestWillBeSent":
			var e struct{ Request struct{ URL string } }
			if json.Unmarshal(params, &e) == nil && (e.Request.URL == url || strings.HasPrefix(e.Request.URL, "data:")) {
				return
			}
		default:
			return
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.found = append(p.found, method+" "+string(params))
	}
}

// quiet fails for everything that the page complained about or loaded.
func (p *tab) quiet(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.found {
		t.Error(problem)
	}
}

// eval runs a script and gives its value.
func (p *tab) eval(t *testing.T, script string, into any) {
	t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	p.call(t, p.session, "Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true}, &answer)
	if answer.ExceptionDetails != nil {
		t.Fatalf("%.60s: %s", script, answer.ExceptionDetails)
	}
	if into != nil {
		if err := json.Unmarshal(answer.Result.Value, into); err != nil {
			t.Fatalf("%.60s: %v", script, err)
		}
	}
}

// press sends a key as a keyboard does.
func (p *tab) press(t *testing.T, key string, code int) {
	t.Helper()
	text := ""
	if key == "Enter" {
		text = "\r"
	}
	for _, kind := range []string{"keyDown", "keyUp"} {
		p.call(t, p.session, "Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}, nil)
	}
}

// click moves the mouse to the middle of an element and presses it.
func (p *tab) click(t *testing.T, selector string) {
	t.Helper()
	var at struct{ X, Y float64 }
	p.eval(t, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: 'center', behavior: 'instant'});
		const r = e.getBoundingClientRect(); return {X: r.left + r.width / 2, Y: r.top + r.height / 2}; })()`, selector), &at)
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		p.call(t, p.session, "Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1}, nil)
	}
}

func (p *tab) picture(t *testing.T) (png []byte) {
	t.Helper()
	var shot struct{ Data []byte }
	p.call(t, p.session, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	return shot.Data
}
