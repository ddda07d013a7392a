package jsonstat

import (
	"fmt"
	"strconv"
	"strings"
)

// Error says what is wrong with a body and where.
type Error struct {
	// Offset is the byte in the body, counted from 0.
	Offset int64
	// Path is the member, as in $.dimension.Region.category.index["0301"].
	Path string
	// Reason is what is wrong and, where it helps, what was expected.
	Reason string
}

// Error gives offset, path and reason in one line.
func (e *Error) Error() string {
	return fmt.Sprintf("jsonstat: byte %d, %s: %s", e.Offset, e.Path, e.Reason)
}

// step is one element of a path: a member name, or a position in an array.
type step struct {
	key   string
	index int // -1 for a member.
}

func pathString(steps []step) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range steps {
		switch {
		case s.index >= 0:
			fmt.Fprintf(&b, "[%d]", s.index)
		case plainKey(s.key):
			b.WriteByte('.')
			b.WriteString(s.key)
		default:
			b.WriteString("[" + strconv.Quote(s.key) + "]")
		}
	}
	return b.String()
}

func plainKey(k string) bool {
	for i := range len(k) {
		c := k[i]
		letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return k != ""
}
