package ssbsim

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// klassRoutes serve the part of the Klass API that municipalities need.
func (s *Server) klassRoutes() {
	const base = "/api/klass/v1/classifications/"
	s.mux.HandleFunc("GET "+base+"{id}/{rest}", s.klass)
}

func (s *Server) klass(w http.ResponseWriter, r *http.Request) {
	id, rest := r.PathValue("id"), strings.TrimSuffix(r.PathValue("rest"), ".json")
	for _, name := range []string{"date", "from", "to"} {
		if day := r.URL.Query().Get(name); day != "" {
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
		}
	}
	switch {
	case id == "131" && rest == "changes":
		reply(w, object{{"codeChanges", s.codeChanges(r)}})
	case (id == "131" || id == "128" || id == "112") && (rest == "codesAt" || rest == "codes"):
		reply(w, object{{"codes", s.klassCodes(id, r)}})
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func yearOf(date string, otherwise int) int {
	if len(date) < 4 {
		return otherwise
	}
	return atoi(date[:4], otherwise)
}

func (s *Server) klassCodes(id string, r *http.Request) []object {
	year := yearOf(r.URL.Query().Get("date"), yearOf(r.URL.Query().Get("from"), lastYear))
	out := []object{}
	if id == "112" {
		return out // KOSTRA groups are not modelled; an empty list says so.
	}
	for _, e := range s.lists[vsKommune] {
		if year < e.from || year > e.to {
			continue
		}
		var parent any // Null at the top level.
		name, notes := e.label, ""
		if id == "128" {
			index := s.model.Regions[e.region].Centrality
			parent, notes = strconv.Itoa(centralityClass(index)), strconv.Itoa(index)
		}
		out = append(out, object{{"code", e.code}, {"parentCode", parent}, {"level", "1"}, {"name", name}, {"shortName", ""}, {"presentationName", ""}, {"validFrom", nil}, {"validTo", nil}, {"notes", notes}})
	}
	if id == "131" {
		out = append(out, object{{"code", "9999"}, {"parentCode", nil}, {"level", "1"}, {"name", "Uoppgitt"}, {"shortName", ""}, {"presentationName", ""}, {"validFrom", nil}, {"validTo", nil}, {"notes", ""}})
	}
	return out
}

// centralityClass is SSB's cut of the index of 2020.
func centralityClass(index int) int {
	for i, low := range []int{925, 870, 775, 670, 565} {
		if index >= low {
			return i + 1
		}
	}
	return 6
}

func (s *Server) codeChanges(r *http.Request) []object {
	// Days as text compare as days; both ends are in.
	from, to := r.URL.Query().Get("from"), cmp.Or(r.URL.Query().Get("to"), "9999-12-31")
	out := []object{}
	for _, m := range s.model.Regions {
		for i, e := range m.Earlier {
			nextCode, nextName := m.Code, m.Name
			if i > 0 {
				nextCode, nextName = m.Earlier[i-1].Code, m.Earlier[i-1].Name
			}
			if day := strconv.Itoa(e.To+1) + "-01-01"; day >= from && day <= to {
				out = append(out, object{{"oldCode", e.Code}, {"oldName", e.Name}, {"oldShortName", nil}, {"newCode", nextCode}, {"newName", nextName}, {"newShortName", nil}, {"changeOccurred", day}})
			}
		}
	}
	return out
}
