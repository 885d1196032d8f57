package loadgen

// newCleartext is the engine for HTTP/1.1 without TLS on this system.
func newCleartext(s settings) (Engine, error) { return newEpoll(s) }
