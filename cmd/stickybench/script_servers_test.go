package main

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// secureServer: https FILE starts a server with TLS that calls itself X-Instance b1, puts its URL into
// $HTTPS and its certificate into FILE.
func secureServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: https FILE")
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Instance", "b1")
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that the script wants to fail
	server.StartTLS()
	ts.Defer(server.Close)
	ts.Setenv("HTTPS", server.URL)
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(block), 0o600))
}
