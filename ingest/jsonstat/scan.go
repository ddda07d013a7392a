package jsonstat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// maxDepth bounds the nesting of members we do not look into.
const maxDepth = 64

// scanner reads JSON from a body and knows where it stands.
type scanner struct {
	b     []byte
	pos   int
	path  []step
	depth int
}

func (s *scanner) errorAt(pos int, format string, args ...any) error {
	return &Error{Offset: int64(pos), Path: pathString(s.path), Reason: fmt.Sprintf(format, args...)}
}

// unexpected reports the byte at pos where something else was wanted.
func (s *scanner) unexpected(want string) error {
	if s.pos >= len(s.b) {
		return s.errorAt(len(s.b), "the body ends where %s was expected; it is truncated", want)
	}
	r, _ := utf8.DecodeRune(s.b[s.pos:])
	return s.errorAt(s.pos, "found %q where %s was expected", r, want)
}

func (s *scanner) space() {
	for s.pos < len(s.b) {
		switch s.b[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// next skips white space and returns the byte there, 0 at the end.
func (s *scanner) next() byte {
	s.space()
	if s.pos < len(s.b) {
		return s.b[s.pos]
	}
	return 0
}

func (s *scanner) expect(c byte, want string) error {
	if s.next() != c {
		return s.unexpected(want)
	}
	s.pos++
	return nil
}

func (s *scanner) literal(word string) bool {
	if bytes.HasPrefix(s.b[s.pos:], []byte(word)) {
		s.pos += len(word)
		return true
	}
	return false
}

// null reports whether a null stands here, and passes it.
func (s *scanner) null() bool { return s.next() == 'n' && s.literal("null") }

func (s *scanner) boolean() (bool, error) {
	s.space()
	switch {
	case s.literal("true"):
		return true, nil
	case s.literal("false"):
		return false, nil
	default:
		return false, s.unexpected("true or false")
	}
}

// text reads a string.
func (s *scanner) text() (string, error) {
	span, escaped, err := s.quoted()
	if err != nil {
		return "", err
	}
	if !escaped {
		return string(span[1 : len(span)-1]), nil
	}
	var out string
	if err := json.Unmarshal(span, &out); err != nil {
		return "", s.errorAt(s.pos-len(span), "malformed escape in a string")
	}
	return out, nil
}

// quoted passes a string and returns it with its quotation marks.
func (s *scanner) quoted() (span []byte, escaped bool, err error) {
	if s.next() != '"' {
		return nil, false, s.unexpected("a string")
	}
	start, ascii := s.pos, true
	for i := start + 1; i < len(s.b); i++ {
		switch c := s.b[i]; {
		case c == '"':
			s.pos = i + 1
			span = s.b[start:s.pos]
			if !ascii && !utf8.Valid(span) {
				return nil, false, s.errorAt(start, "the string is not UTF-8; decode the body as the encoding its header names first")
			}
			return span, escaped, nil
		case c == '\\':
			escaped = true
			i++
		case c < 0x20:
			return nil, false, s.errorAt(i, "control character 0x%02x inside a string", c)
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false, s.errorAt(len(s.b), "the body ends inside a string that starts at byte %d; it is truncated", start)
}

// object calls member for each key, standing before its value. A key that
// comes twice is an error: which one holds would be a guess.
func (s *scanner) object(member func(key string) error) error {
	if err := s.expect('{', "an object"); err != nil {
		return err
	}
	if s.next() == '}' {
		s.pos++
		return nil
	}
	seen := map[string]bool{}
	for {
		s.space()
		at := s.pos
		key, err := s.text()
		if err != nil {
			return err
		}
		s.path = append(s.path, step{key, -1})
		if seen[key] {
			return s.errorAt(at, "the member comes twice")
		}
		seen[key] = true
		if err := s.expect(':', "a colon"); err != nil {
			return err
		}
		s.space()
		if err := member(key); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
		more, err := s.comma('}', "a comma or the end of the object")
		if !more {
			return err
		}
	}
}

// array calls element for each position, standing before its value.
func (s *scanner) array(element func(i int) error) error {
	if err := s.expect('[', "an array"); err != nil {
		return err
	}
	if s.next() == ']' {
		s.pos++
		return nil
	}
	for i := 0; ; i++ {
		s.path = append(s.path, step{"", i})
		s.space()
		if err := element(i); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
		more, err := s.comma(']', "a comma or the end of the array")
		if !more {
			return err
		}
	}
}

// cellObject calls cell for each member of a sparse object, whose keys are
// positions below n. It is object without a string and a map entry for each key.
func (s *scanner) cellObject(n int, cell func(i int) error) error {
	if err := s.expect('{', "an object"); err != nil {
		return err
	}
	if s.next() == '}' {
		s.pos++
		return nil
	}
	seen := NewBitmap(n)
	for {
		s.space()
		at := s.pos
		span, _, err := s.quoted()
		if err != nil {
			return err
		}
		key := span[1 : len(span)-1]
		i, ok := position(key, n)
		if !ok {
			return s.errorAt(at, "%q is not the position of a cell; there are %d, counted from 0", key, n)
		}
		s.path = append(s.path, step{string(key), -1})
		if seen.Has(i) {
			return s.errorAt(at, "the cell comes twice")
		}
		seen.Set(i)
		if err := s.expect(':', "a colon"); err != nil {
			return err
		}
		s.space()
		if err := cell(i); err != nil {
			return err
		}
		s.path = s.path[:len(s.path)-1]
		more, err := s.comma('}', "a comma or the end of the object")
		if !more {
			return err
		}
	}
}

// position reads a whole number below n written in the one usual way.
func position(key []byte, n int) (int, bool) {
	if len(key) == 0 || len(key) > 18 || key[0] == '0' && len(key) > 1 {
		return 0, false
	}
	i := 0
	for _, c := range key {
		if !isDigit(c) {
			return 0, false
		}
		i = i*10 + int(c-'0')
	}
	return i, i < n
}

// comma passes a comma (more follows) or the closing bracket.
func (s *scanner) comma(closing byte, want string) (more bool, err error) {
	switch s.next() {
	case ',':
		s.pos++
		return true, nil
	case closing:
		s.pos++
		return false, nil
	default:
		return false, s.unexpected(want)
	}
}

// texts reads an array of strings; a single string counts as one.
func (s *scanner) texts() ([]string, error) {
	if s.next() == '"' {
		one, err := s.text()
		return []string{one}, err
	}
	var out []string
	err := s.array(func(int) error {
		t, err := s.text()
		out = append(out, t)
		return err
	})
	return out, err
}

// integer reads a whole number from 0 to max.
func (s *scanner) integer(max int) (int, error) {
	s.space()
	start, n := s.pos, 0
	for ; s.pos < len(s.b) && isDigit(s.b[s.pos]); s.pos++ {
		d := int(s.b[s.pos] - '0')
		if n > (max-d)/10 {
			return 0, s.errorAt(start, "the number is larger than %d", max)
		}
		n = n*10 + d
	}
	if s.pos == start || s.pos < len(s.b) && (s.b[s.pos] == '.' || s.b[s.pos]|0x20 == 'e') {
		s.pos = start
		return 0, s.unexpected("a whole number, 0 or more")
	}
	if s.b[start] == '0' && s.pos > start+1 {
		return 0, s.errorAt(start, "the number has a leading zero")
	}
	return n, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// skip passes any value, checking that it is JSON, and returns its bytes.
func (s *scanner) skip() ([]byte, error) {
	if s.depth++; s.depth > maxDepth {
		return nil, s.errorAt(s.pos, "nested deeper than %d levels", maxDepth)
	}
	defer func() { s.depth-- }()
	c := s.next()
	start := s.pos
	var err error
	switch {
	case c == '"':
		_, err = s.text()
	case c == '{':
		err = s.skipObject()
	case c == '[':
		err = s.skipArray()
	case c == '-' || isDigit(c):
		err = s.skipNumber()
	case !s.literal("null"):
		_, err = s.boolean()
		if err != nil {
			s.pos = start
			err = s.unexpected("a value")
		}
	}
	return s.b[start:s.pos], err
}

func (s *scanner) skipObject() error {
	s.pos++
	if s.next() == '}' {
		s.pos++
		return nil
	}
	for {
		if _, err := s.text(); err != nil {
			return err
		}
		if err := s.expect(':', "a colon"); err != nil {
			return err
		}
		if _, err := s.skip(); err != nil {
			return err
		}
		if more, err := s.comma('}', "a comma or the end of the object"); !more {
			return err
		}
	}
}

func (s *scanner) skipArray() error {
	s.pos++
	if s.next() == ']' {
		s.pos++
		return nil
	}
	for {
		var err error
		if c := s.next(); c == '-' || isDigit(c) {
			err = s.skipNumber()
		} else {
			_, err = s.skip()
		}
		if err != nil {
			return err
		}
		if more, err := s.comma(']', "a comma or the end of the array"); !more {
			return err
		}
	}
}

func (s *scanner) skipNumber() error {
	_, err := s.number()
	return err
}

// again reads a member that was passed before, then stands where it stood.
func (s *scanner) again(pos int, key string, read func() error) error {
	back := s.pos
	s.pos, s.path = pos, append(s.path, step{key, -1})
	if err := read(); err != nil {
		return err
	}
	s.pos, s.path = back, s.path[:len(s.path)-1]
	return nil
}
