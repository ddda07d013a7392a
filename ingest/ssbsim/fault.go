package ssbsim

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bygdevekst/bygdevekst/data"
)

// The faults: every way the real server is known to misbehave.
const (
	faultRateLimit    = "rate-limit"    // 429 with an empty body.
	faultUnavailable  = "unavailable"   // 503 while a table is being updated.
	faultSlow         = "slow"          // An answer that takes its time.
	faultTruncated    = "truncated"     // A body cut off in the middle.
	faultHTML404      = "html-404"      // The web server's own page.
	faultDuplicate500 = "duplicate-500" // An empty 500.
	faultWrongType    = "wrong-type"    // A value that is no number.
	faultEarlyMorning = "early-morning" // Figures due today are 0 or dots.
	faultDiscontinued = "discontinued"  // The table has ended and names a successor.
	faultCodesRemoved = "codes-removed" // A code the plan asks for is gone.
	faultRevised      = "revised"       // History has changed.
)

// FaultNames lists the faults, sorted.
var FaultNames = []string{
	faultCodesRemoved, faultDiscontinued, faultDuplicate500, faultEarlyMorning, faultHTML404, faultRateLimit,
	faultRevised, faultSlow, faultTruncated, faultUnavailable, faultWrongType,
}

// slowFor is longer than a client ought to wait between bytes.
const slowFor = 3 * time.Second

// Fault is one way of misbehaving, at every request or at every Nth.
type Fault struct {
	Name  string
	Every int
}

var faultRE = regexp.MustCompile(`^([a-z0-9-]+?)(?::(?:every-)?(\d+)(?:st|nd|rd|th)?)?$`)

// ParseFault reads NAME or NAME:every-Nth, such as rate-limit:every-3rd or
// rate-limit:3.
func ParseFault(s string) (Fault, error) {
	f := faultRE.FindStringSubmatch(s)
	if f == nil || !slices.Contains(FaultNames, f[1]) {
		return Fault{}, data.Errorf(data.EINVALID, "unknown fault %q; known are %s, each with :every-Nth if wanted", s, strings.Join(FaultNames, ", "))
	}
	every := 1
	if f[2] != "" {
		n, err := strconv.Atoi(f[2])
		if err != nil || n < 1 {
			return Fault{}, data.Errorf(data.EINVALID, "fault %q: every %s is not a count of requests", s, f[2])
		}
		every = n
	}
	return Fault{f[1], every}, nil
}

func (s *Server) has(name string) bool {
	return slices.ContainsFunc(s.opt.Faults, func(f Fault) bool { return f.Name == name })
}

// misbehave answers a request wrongly if its turn has come.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request) bool {
	for i, f := range s.opt.Faults {
		if s.counts[i].Add(1)%int64(f.Every) != 0 {
			continue
		}
		switch f.Name {
		case faultRateLimit:
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		case faultUnavailable:
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case faultHTML404:
			notFoundPage(w)
			return true
		case faultDuplicate500:
			w.WriteHeader(http.StatusInternalServerError)
			return true
		case faultSlow:
			select {
			case <-time.After(s.opt.Slow):
			case <-r.Context().Done():
				return true
			}
		case faultTruncated, faultWrongType:
			r.Header.Set(spoilHeader, f.Name)
			w.Header().Set(spoilHeader, f.Name)
		}
	}
	return false
}

// spoilHeader carries a fault that deliver applies to the finished body.
const spoilHeader = "X-Simulator-Fault"

// deliver writes a body, spoilt if a fault says so.
func (s *Server) deliver(w http.ResponseWriter, body object) {
	spoil := w.Header().Get(spoilHeader)
	w.Header().Del(spoilHeader)
	if spoil == "" {
		reply(w, body)
		return
	}
	raw, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if spoil == faultWrongType {
		raw = []byte(strings.Replace(string(raw), `"value":[`, `"value":["ikke et tall",`, 1))
	} else {
		raw = raw[:len(raw)/2]
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	// The client finds out from the body alone, as with a proxy that gave up.
	_, _ = w.Write(raw)
}

// discontinued says whether the table has ended; the simulator ends one.
func (s *Server) discontinued(t *table) bool { return s.has(faultDiscontinued) && t.id == endedTable }

// endedTable is the table the fault ends, and endedSuccessor the one it names.
const (
	endedTable     = "07984"
	endedSuccessor = "13470"
)

// removed says whether a code is gone; the fault takes away health and social
// services from employment by industry.
func (s *Server) removed(t *table, d *dimension, i int) bool {
	return s.has(faultCodesRemoved) && t.id == "07984" && d.id == "NACE2007" && d.codes[i].code == "86-88"
}

// revisedBy moves every table's date of update when history has changed.
func (s *Server) revisedBy() time.Duration {
	if s.has(faultRevised) {
		return 30 * 24 * time.Hour
	}
	return 0
}

func (s *Server) knowsEffects() error {
	for _, e := range s.opt.Effects {
		if _, ok := s.model.index[e.Region]; !ok {
			return data.Errorf(data.ENOTFOUND, "effect on %s: no municipality %s in the model", e.Measure, e.Region)
		}
	}
	return nil
}
