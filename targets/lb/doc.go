// Package lb is the reference balancer: request → affinity (marker, table or hash) → choice
// among what is available → forward → bind. A policy only names an instance; codecs, health and
// forwarding are apart from it, so every promise in Mechanisms is tested as a property.
//
// A request is sent again only when its connection could not be opened. net/http itself repeats a
// body-less GET or HEAD when an idle connection turns out closed; it never repeats a POST.
package lb
