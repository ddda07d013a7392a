// Package klass reads SSB's classifications: municipalities and what became of
// them, centrality and KOSTRA groups.
//
// API: https://data.ssb.no/api/klass/v1/api-guide.html.
package klass

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
	"github.com/bygdevekst/bygdevekst/ingest/fetch"
)

// The classifications in use.
const (
	Municipalities = 131
	Centrality     = 128
	KOSTRAGroups   = 112
)

// Code is one code of a classification.
type Code struct {
	Code   string `json:"code"`
	Parent string `json:"parentCode"`
	Level  string `json:"level"`
	Name   string `json:"name"`
	Notes  string `json:"notes"`
}

// Change is one code that gave way to another. A code that was split has several.
type Change struct {
	Old     string `json:"oldCode"`
	OldName string `json:"oldName"`
	New     string `json:"newCode"`
	NewName string `json:"newName"`
	// Occurred is the first day of the new code, as 2020-01-01.
	Occurred string `json:"changeOccurred"`
}

// Raw is a body as received with the request that gave it. Name tells the
// requests of a Snapshot apart.
type Raw struct {
	Name    string
	Request fetch.Request
	*fetch.Answer
}

// Client asks one Klass server.
type Client struct {
	http *fetch.Client
	base string
}

// New returns a client for the API at base, as in https://data.ssb.no/api/klass/v1.
func New(http *fetch.Client, base string) *Client {
	return &Client{http, strings.TrimSuffix(base, "/")}
}

// CodesAt reads the codes of a classification that are valid on a day.
func (c *Client) CodesAt(ctx context.Context, classification int, day time.Time) ([]Code, Raw, error) {
	var v struct {
		Codes []Code `json:"codes"`
	}
	raw, err := c.get(ctx, classification, "codesAt", url.Values{"date": {day.Format(time.DateOnly)}, "language": {"nb"}}, &v)
	return v.Codes, raw, err
}

// Changes reads the changes of a classification after from, up to and on to.
func (c *Client) Changes(ctx context.Context, classification int, from, to time.Time) ([]Change, Raw, error) {
	var v struct {
		Changes []Change `json:"codeChanges"`
	}
	raw, err := c.get(ctx, classification, "changes", url.Values{"from": {from.Format(time.DateOnly)}, "to": {to.Format(time.DateOnly)}}, &v)
	return v.Changes, raw, err
}

func (c *Client) get(ctx context.Context, classification int, what string, q url.Values, v any) (Raw, error) {
	req := fetch.Request{URL: c.base + "/classifications/" + strconv.Itoa(classification) + "/" + what + ".json?" + q.Encode()}
	ans, err := c.http.Do(ctx, req, func(a *fetch.Answer) error {
		switch {
		case a.Status == http.StatusNotFound && !json.Valid(a.Body) && len(a.Body) > 0:
			// The page of the web server in front, which says nothing of Klass.
			return fetch.Again(data.Errorf(data.EUNAVAILABLE, "Klass %d: the web server in front of the API answered 404 with a page of its own", classification))
		case a.Status == http.StatusNotFound:
			return data.Errorf(data.ENOTFOUND, "Klass has no %s of classification %d", what, classification)
		case a.Status != http.StatusOK:
			return data.Errorf(data.EUNAVAILABLE, "Klass %d answered %d: %s", classification, a.Status, fetch.Excerpt(a.Body))
		}
		if err := json.Unmarshal(a.Body, v); err != nil {
			return fetch.Again(data.Errorf(data.EINVALID, "Klass %d: the answer cannot be read: %w", classification, err))
		}
		return nil
	})
	return Raw{Request: req, Answer: ans}, err
}
