package dashboards

import (
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
)

// writes counts how often it was written to, and keeps what.
type writes struct {
	mu   sync.Mutex
	n    int
	text strings.Builder
	next chan struct{}
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	if w.next != nil {
		close(w.next)
		w.next = nil
	}
	return w.text.Write(b)
}

func (w *writes) lines() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.text.String(), "\n")
}

func asText(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func TestBufferedLog(t *testing.T) {
	for _, tt := range []struct {
		name  string
		last  func(*slog.Logger)
		lines int
	}{
		{"warning", func(l *slog.Logger) { l.Warn("w") }, 4},
		{"error with attributes", func(l *slog.Logger) { l.With("a", 1).Error("e") }, 4},
		{"error in a group", func(l *slog.Logger) { l.WithGroup("g").Error("e", "a", 1) }, 4},
	} {
		out := &writes{}
		log, _ := BufferedLog(out, asText)
		for range 3 {
			log.Info("request")
		}
		tt.last(log)
		if got := out.lines(); got != tt.lines {
			t.Errorf("%s: %d lines are written, want %d", tt.name, got, tt.lines)
		}
	}
}

func TestBufferedLogEnds(t *testing.T) {
	out := &writes{}
	log, flush := BufferedLog(out, asText)
	log.Info("last words")
	if err := flush(); err != nil || out.lines() != 1 {
		t.Errorf("%d lines after flush, %v", out.lines(), err)
	}
}

// TestBufferedLogWaits waits for a line no one asks for.
func TestBufferedLogWaits(t *testing.T) {
	out := &writes{next: make(chan struct{})}
	written := out.next
	log, _ := BufferedLog(out, asText)
	log.Info("request")
	select {
	case <-written:
	case <-time.After(time.Minute):
		t.Error("the line was never written")
	}
}

// TestBufferedLogKeepsAll logs from many sides: every line arrives, in fewer
// writes than lines.
func TestBufferedLogKeepsAll(t *testing.T) {
	out := &writes{}
	log, flush := BufferedLog(out, asText)
	const sides, each = 8, 2000
	var all sync.WaitGroup
	for range sides {
		all.Go(func() {
			for i := range each {
				log.Info("request", "i", i, "path", "/api/v1/values")
			}
		})
	}
	all.Wait()
	if err := flush(); err != nil {
		t.Fatal(err)
	}
	if got := out.lines(); got != sides*each || out.n >= got/10 {
		t.Errorf("%d of %d lines in %d writes", got, sides*each, out.n)
	}
}
