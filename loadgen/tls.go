package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/stickybench/stickybench/profiles"
)

// security is how a target with TLS is spoken to.
type security struct {
	config *tls.Config
	resume bool
	target string // for errors
}

// applicationProtocol is how ALPN knows what profiles names.
func applicationProtocol(protocol string) string {
	switch protocol {
	case profiles.HTTP2, profiles.HTTP3:
		return protocol
	}
	return "http/1.1"
}

// newSecurity gives nil for a target in cleartext.
func newSecurity(target *url.URL, o profiles.TLS, protocol string) (*security, error) {
	if target.Scheme != "https" {
		return nil, nil
	}
	s := &security{resume: o.Resumption, target: target.Host, config: &tls.Config{
		ServerName: target.Hostname(), InsecureSkipVerify: o.Insecure, NextProtos: []string{applicationProtocol(protocol)}}}
	if o.ServerName != "" {
		s.config.ServerName = o.ServerName
	}
	if o.CA == "" {
		return s, nil
	}
	text, err := os.ReadFile(o.CA)
	if err != nil {
		return nil, fmt.Errorf("load.tls.ca: %w; name a readable PEM file", err)
	}
	s.config.RootCAs = x509.NewCertPool()
	if !s.config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("load.tls.ca: %s holds no certificate in PEM form; name the file of the issuer's certificate", o.CA)
	}
	return s, nil
}

// of is the configuration for a user with these tickets.
func (s *security) of(tickets tls.ClientSessionCache) *tls.Config {
	config := s.config.Clone()
	if s.resume {
		config.ClientSessionCache = tickets
	}
	return config
}

func (s *security) handshake(ctx context.Context, raw net.Conn, tickets tls.ClientSessionCache) (*tls.Conn, error) {
	secured := tls.Client(raw, s.of(tickets))
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, s.explain(err)
	}
	wanted, agreed := s.config.NextProtos[0], secured.ConnectionState().NegotiatedProtocol
	if agreed != wanted && wanted != applicationProtocol(profiles.HTTP1) { // a server without ALPN speaks HTTP/1.1
		return nil, setupError{fmt.Errorf("%s does not offer %s over TLS; choose another load.protocol", s.target, wanted)}
	}
	return secured, nil
}

// setupError is a connection that no later attempt will open either: the person must mend it.
type setupError struct{ error }

func (e setupError) Unwrap() error { return e.error }

// noApplicationProtocol is how crypto/tls writes the alert of RFC 7301; its type is not exported.
const noApplicationProtocol = "tls: no application protocol"

// explain says what a failed handshake means and how to mend it.
func (s *security) explain(err error) error {
	var bad *tls.CertificateVerificationError
	var plain tls.RecordHeaderError
	switch {
	case errors.As(err, &bad) && errors.As(err, new(x509.HostnameError)):
		return setupError{fmt.Errorf("certificate of %s: %w; name the server with --server-name (load.tls.server_name), or accept any certificate with --insecure", s.target, bad.Err)}
	case errors.As(err, &bad):
		return setupError{fmt.Errorf("certificate of %s: %w; trust its issuer with --ca FILE (load.tls.ca), or accept any certificate with --insecure", s.target, bad.Err)}
	case errors.As(err, &plain):
		return setupError{fmt.Errorf("%s does not speak TLS; use an http:// URL", s.target)}
	case strings.HasSuffix(err.Error(), noApplicationProtocol):
		return setupError{fmt.Errorf("%s refuses %s over TLS; choose another load.protocol", s.target, s.config.NextProtos[0])}
	}
	return fmt.Errorf("TLS handshake with %s: %w", s.target, err)
}

// tickets keep each user's TLS sessions apart: two users who share one would look like one client.
type tickets struct {
	mu    sync.Mutex
	slots map[uint32]tls.ClientSessionCache
}

func newTickets() *tickets { return &tickets{slots: map[uint32]tls.ClientSessionCache{}} }

func (t *tickets) of(slot uint32) tls.ClientSessionCache {
	t.mu.Lock()
	defer t.mu.Unlock()
	cache := t.slots[slot]
	if cache == nil {
		cache = tls.NewLRUClientSessionCache(1) // one server
		t.slots[slot] = cache
	}
	return cache
}

// forget ends the slot's user.
func (t *tickets) forget(slot uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.slots, slot)
}
