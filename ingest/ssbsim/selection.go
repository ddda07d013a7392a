package ssbsim

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// problem is an SSB error: the HTTP status, which is not always the one the
// body names, and the title with SSB's own spelling.
type problem struct {
	http   int
	status int
	title  string
	// detailed says that the title is repeated as a detail.
	detailed bool
}

var (
	noTable       = &problem{400, 404, "Non-existent table", false}
	noTable404    = &problem{404, 404, "Non-existent table", false}
	noCodelist404 = &problem{404, 404, "Non-existent codelist", false}
	noPage        = &problem{404, 404, "Non-existent page", true}
	noVariable    = &problem{400, 400, "Non-existent variable", false}
	noCodelist    = &problem{400, 400, "Non-existent codelist", false}
	noValue       = &problem{400, 400, "Non-existent value", false}
	noSelection   = &problem{400, 400, "Missing selection for mandantory variable", false}
	badExpression = &problem{400, 400, "Illegal selection expression", false}
	badPlacement  = &problem{400, 400, "Illegal placment", false}
	tooMany       = &problem{400, 400, "Too many cells selected", true}
	badFormat     = &problem{400, 400, "Unsupported output format", true}
	// duplicateCode is not an answer of the API but of its host: an empty 500.
	duplicateCode = &problem{http: 500}
)

// axis is one variable of a table as a request may select from it.
type axis struct {
	id    string
	codes []string
	// labels and units run beside codes.
	labels []string
	time   bool
}

var callRE = regexp.MustCompile(`(?i)^\[?(top|bottom|from|to|range)\(([^()]*)\)\]?$`)

// choose expands a list of codes and expressions to positions in the axis, in
// the axis' order. Codes are matched without regard to case.
func (a *axis) choose(exprs []string) ([]int, *problem) {
	picked := make([]bool, len(a.codes))
	seen := map[string]bool{}
	for _, x := range exprs {
		x = strings.TrimSpace(x)
		if f := callRE.FindStringSubmatch(x); f != nil {
			if p := a.call(strings.ToLower(f[1]), strings.Split(f[2], ","), picked); p != nil {
				return nil, p
			}
			continue
		}
		if strings.ContainsAny(x, "*?") {
			any := false
			for i, c := range a.codes {
				if ok, _ := path.Match(strings.ToLower(x), strings.ToLower(c)); ok {
					picked[i], any = true, true
				}
			}
			if !any {
				return nil, noValue
			}
			continue
		}
		i := a.find(x)
		if i < 0 {
			return nil, noValue
		}
		if seen[strings.ToLower(x)] {
			return nil, duplicateCode
		}
		seen[strings.ToLower(x)] = true
		picked[i] = true
	}
	var out []int
	for i, on := range picked {
		if on {
			out = append(out, i)
		}
	}
	return out, nil
}

func (a *axis) find(code string) int {
	return slices.IndexFunc(a.codes, func(c string) bool { return strings.EqualFold(c, code) })
}

func (a *axis) call(name string, args []string, picked []bool) *problem {
	n := len(a.codes)
	from, to := 0, n
	switch name {
	case "top", "bottom":
		// For time the newest periods are at the top.
		count, err := strconv.Atoi(strings.TrimSpace(args[0]))
		offset := 0
		if err == nil && len(args) == 2 {
			offset, err = strconv.Atoi(strings.TrimSpace(args[1]))
		}
		if err != nil || count < 1 || offset < 0 || len(args) > 2 {
			return badExpression
		}
		if a.time == (name == "top") {
			from, to = n-offset-count, n-offset
		} else {
			from, to = offset, offset+count
		}
	case "from", "to", "range":
		if (name == "range") != (len(args) == 2) {
			return badExpression
		}
		at := make([]int, len(args))
		for k, x := range args {
			if at[k] = a.find(strings.TrimSpace(x)); at[k] < 0 {
				return noValue
			}
		}
		switch name {
		case "from":
			from = at[0]
		case "to":
			to = at[0] + 1
		default:
			from, to = at[0], at[1]+1
		}
	}
	for i := max(0, from); i < min(n, to); i++ {
		picked[i] = true
	}
	return nil
}
