// Package arch holds the test that keeps the layers of the design apart: loadgen, targets and
// analysis never import each other, nor do profiles and results.
package arch
