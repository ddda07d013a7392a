// Package api is the machine interface of a release: JSON under /api/v1, its
// OpenAPI 3.1 description and its documentation. Every answer names the release
// it is from; what is missing is null beside its reason, never zero.
package api

import (
	"github.com/gin-gonic/gin"

	"github.com/bygdevekst/bygdevekst/dashboards/served"
	"github.com/bygdevekst/bygdevekst/data/cube"
)

// Options are what the API needs beside the release.
type Options struct {
	// Version is the version of the program.
	Version string
	// Releases lists all releases; only the served one is known when nil.
	Releases func() ([]cube.Info, error)
}

// Register adds the API to a router.
func Register(r *gin.Engine, current served.Current, opt Options) error {
	return nil
}
