package loadgen

import (
	"io"
	"log"
)

// quiet keeps what a server says of clients that leave out of the tests' output.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
