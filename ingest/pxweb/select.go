package pxweb

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bygdevekst/bygdevekst/data"
)

var callRE = regexp.MustCompile(`(?i)^\[?(top|bottom|from|to|range)\(([^()]*)\)\]?$`)

// Select expands codes and expressions to the codes they stand for, in the
// order of codes and each once: a second mention of a code makes the server
// answer 500. Known are codes (compared without regard to case), patterns of *
// and ?, top(n[,offset]), bottom(n[,offset]), from(x), to(x) and range(a,b). For
// time, whose codes must then sort by age, top is the newest and the ends of
// from, to and range need not be there. What stands for no code is an EINVALID
// error.
func Select(codes, exprs []string, time bool) ([]string, error) {
	if time {
		codes = slices.Sorted(slices.Values(codes))
	}
	picked := make([]bool, len(codes))
	for _, x := range exprs {
		x = strings.TrimSpace(x)
		n, err := pick(codes, x, time, picked)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, data.Errorf(data.EINVALID, "no code is %q; there are %s", x, few(codes))
		}
	}
	var out []string
	for i, on := range picked {
		if on {
			out = append(out, codes[i])
		}
	}
	return out, nil
}

// few lists codes for a person: all of a short list, else the ends of it.
func few(codes []string) string {
	const most = 12
	if len(codes) > most {
		return strings.Join(codes[:most/2], ", ") + ", …, " + strings.Join(codes[len(codes)-most/2:], ", ")
	}
	return strings.Join(codes, ", ")
}

func pick(codes []string, x string, time bool, picked []bool) (n int, err error) {
	from, to := 0, 0
	if f := callRE.FindStringSubmatch(x); f != nil {
		if from, to, err = span(codes, strings.ToLower(f[1]), strings.Split(f[2], ","), time); err != nil {
			return 0, data.Errorf(data.EINVALID, "%q: %w", x, err)
		}
	} else if strings.ContainsAny(x, "*?") {
		for i, c := range codes {
			if like(strings.ToLower(x), strings.ToLower(c)) {
				picked[i] = true
				n++
			}
		}
		return n, nil
	} else if from = find(codes, x); from >= 0 {
		to = from + 1
	}
	for i := max(0, from); i < min(to, len(codes)); i++ {
		picked[i] = true
		n++
	}
	return n, nil
}

func find(codes []string, code string) int {
	return slices.IndexFunc(codes, func(c string) bool { return strings.EqualFold(c, code) })
}

// like matches a pattern in which * is any text and ? one character.
func like(pattern, s string) bool {
	p, r := []rune(pattern), []rune(s)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(r) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == r[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// span is the half-open range of codes a call stands for.
func span(codes []string, name string, args []string, time bool) (from, to int, err error) {
	switch name {
	case "top", "bottom":
		count, offset, err := counts(args)
		if err != nil {
			return 0, 0, err
		}
		offset = min(offset, len(codes))
		count = min(count, len(codes)-offset)
		if time == (name == "top") {
			return len(codes) - offset - count, len(codes) - offset, nil
		}
		return offset, offset + count, nil
	case "range":
		if len(args) != 2 {
			return 0, 0, data.Errorf(data.EINVALID, "range takes two codes")
		}
		if from, err = edge(codes, args[0], time, true); err != nil {
			return 0, 0, err
		}
		to, err = edge(codes, args[1], time, false)
		return from, to, err
	default:
		if len(args) != 1 {
			return 0, 0, data.Errorf(data.EINVALID, "%s takes one code", name)
		}
		if name == "from" {
			from, err = edge(codes, args[0], time, true)
			return from, len(codes), err
		}
		to, err = edge(codes, args[0], time, false)
		return 0, to, err
	}
}

func counts(args []string) (count, offset int, err error) {
	count, err = strconv.Atoi(strings.TrimSpace(args[0]))
	if err == nil && len(args) == 2 {
		offset, err = strconv.Atoi(strings.TrimSpace(args[1]))
	}
	if err != nil || len(args) > 2 || count < 1 || offset < 0 {
		return 0, 0, data.Errorf(data.EINVALID, "want a count of at least 1 and, if wanted, an offset")
	}
	return count, offset, nil
}

// edge is the position of a code, for an upper edge the one after it. A period
// that is not there lies between those that are.
func edge(codes []string, code string, time, lower bool) (int, error) {
	code = strings.TrimSpace(code)
	if i := find(codes, code); i >= 0 {
		if lower {
			return i, nil
		}
		return i + 1, nil
	}
	if _, err := data.ParsePeriod(code); !time || err != nil {
		return 0, data.Errorf(data.EINVALID, "there is no %q; there are %s", code, few(codes))
	}
	i, _ := slices.BinarySearch(codes, code)
	return i, nil
}

// Chunks splits a selection of explicit codes into as few as keep each under
// limit cells. It cuts along the largest of the dimensions that may be cut, and
// if single codes of that are still too many, along the next. What cannot be cut
// small enough is an EINVALID error.
func Chunks(sel Selection, limit int, cut ...string) ([]Selection, error) {
	cells := sel.Cells()
	if cells <= limit {
		return []Selection{sel}, nil
	}
	at := -1
	for i, v := range sel {
		if slices.Contains(cut, v.Code) && len(v.Values) > 1 && (at < 0 || len(v.Values) > len(sel[at].Values)) {
			at = i
		}
	}
	if at < 0 {
		return nil, data.Errorf(data.EINVALID, "%d cells for one code of each of %s are more than the %d one request may ask for; ask for fewer codes of the other dimensions", cells, strings.Join(cut, " and "), limit)
	}
	values := sel[at].Values
	// Even parts: as many as the cells need, or one for each code.
	each := cells / len(values)
	parts := len(values)
	if each <= limit {
		room := limit / each
		parts = (len(values) + room - 1) / room
	}
	var out []Selection
	for k := range parts {
		part := slices.Clone(sel)
		part[at].Values = values[k*len(values)/parts : (k+1)*len(values)/parts]
		more, err := Chunks(part, limit, cut...)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}
