package ssbsim

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// klassBase is where the Klass API begins.
const klassBase = "/api/klass/v1/classifications"

// klassRoutes serve the part of the Klass API that municipalities need.
func (s *Server) klassRoutes() {
	s.mux.HandleFunc("GET "+klassBase, s.listClassifications)
	s.mux.HandleFunc("GET "+klassBase+"/{id}", s.oneClassification)
	s.mux.HandleFunc("GET "+klassBase+"/{id}/{rest}", s.klass)
}

// classification is one of those served, by SSB's number.
type classification struct {
	id                int
	name, description string
}

// classifications are those of Klass that the simulator has, by number. Which group
// a municipality is in is no invention's to say, so the groups are empty.
var classifications = []classification{
	{112, "Standard for KOSTRA-gruppering", "Simulatoren har ingen grupper: hvilken gruppe en virkelig kommune er i, er ikke noe en modell kan finne på. Kodelisten er tom."},
	{128, "Standard for sentralitet", "Klassene og indeksen i data/regions."},
	{131, "Standard for kommuneinndeling", "Kommunene i data/regions, med tidligere koder."},
}

// object is the classification as Klass's list has it. Only the paths and the
// codes of Klass were seen in a source; the members here are those of SSB's guide.
func (c classification) object() object {
	return object{
		{"name", c.name},
		{"id", c.id},
		{"classificationType", "Klassifikasjon"},
		{"_links", object{{"self", object{{"href", klassBase + "/" + strconv.Itoa(c.id)}}}}},
	}
}

func (s *Server) listClassifications(w http.ResponseWriter, _ *http.Request) {
	list := make([]object, len(classifications))
	for i, c := range classifications {
		list[i] = c.object()
	}
	reply(w, object{
		{"_embedded", object{{"classifications", list}}},
		{"_links", object{{"self", object{{"href", klassBase}}}}},
		{"page", object{{"size", len(list)}, {"totalElements", len(list)}, {"totalPages", 1}, {"number", 0}}},
	})
}

func (s *Server) oneClassification(w http.ResponseWriter, r *http.Request) {
	for _, c := range classifications {
		if strconv.Itoa(c.id) == r.PathValue("id") {
			reply(w, append(object{{"description", c.description}}, c.object()...))
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
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
