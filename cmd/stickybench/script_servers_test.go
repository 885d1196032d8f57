package main

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/quic-go/quic-go/http3"
	"github.com/rogpeppe/go-internal/testscript"
)

// secureServer: https FILE starts a server of HTTP/1.1 to 3 that calls itself X-Instance b1, puts its URL into
// $HTTPS and its certificate into FILE.
func secureServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: https FILE")
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Instance", "b1") })
	server := httptest.NewUnstartedServer(answer)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that the script wants to fail
	server.StartTLS()
	ts.Defer(server.Close)
	ts.Setenv("HTTPS", server.URL)
	packets, err := net.ListenPacket("udp", server.Listener.Addr().String())
	ts.Check(err)
	newest := &http3.Server{Handler: answer, TLSConfig: &tls.Config{Certificates: server.TLS.Certificates}}
	go func() { _ = newest.Serve(packets) }() // until it is closed
	ts.Defer(func() { newest.Close(); packets.Close() })
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(block), 0o600))
}

// replicas: starts two servers that call themselves X-Instance b1 and puts their URLs into $REPLICAS, with a comma.
func replicas(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: replicas")
	}
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Instance", "b1") })
	first, second := httptest.NewServer(answer), httptest.NewServer(answer)
	ts.Defer(first.Close)
	ts.Defer(second.Close)
	ts.Setenv("REPLICAS", first.URL+","+second.URL)
}
