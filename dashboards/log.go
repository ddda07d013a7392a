package dashboards

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// logDelay is how long an access line may wait for others to be written with.
	logDelay = 100 * time.Millisecond
	// logBytes is how much may wait: some three hundred lines.
	logBytes = 64 << 10
)

// BufferedLog returns the logger that form makes, on a writer that writes lines
// together: a system call for each access line costs as much as the rest of a
// prepared answer. Warnings and errors, and all that waits before them, are
// written at once; lines of less weight within a tenth of a second. A process
// that is killed may lose those. Call flush before the program ends.
func BufferedLog(w io.Writer, form func(io.Writer) *slog.Logger) (log *slog.Logger, flush func() error) {
	b := &lineBuffer{out: w}
	return slog.New(promptHandler{form(b).Handler(), b}), b.flush
}

// lineBuffer holds lines until there are enough, or the oldest has waited long
// enough.
type lineBuffer struct {
	mu  sync.Mutex
	out io.Writer
	buf []byte
}

// Write keeps a line; a failure is that of lines kept before.
func (b *lineBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.buf) == 0 {
		// A timer left from lines already written flushes these early, no more.
		time.AfterFunc(logDelay, func() { _ = b.flush() })
	}
	b.buf = append(b.buf, line...)
	if len(b.buf) < logBytes {
		return len(line), nil
	}
	return len(line), b.write()
}

func (b *lineBuffer) flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.write()
}

func (b *lineBuffer) write() error {
	if len(b.buf) == 0 {
		return nil
	}
	_, err := b.out.Write(b.buf)
	b.buf = b.buf[:0]
	return err
}

// promptHandler lets nothing grave wait.
type promptHandler struct {
	slog.Handler
	buffer *lineBuffer
}

// Handle passes a record on, and what waits too if it is a warning or worse.
func (h promptHandler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		err = errors.Join(err, h.buffer.flush())
	}
	return err
}

// WithAttrs keeps the promise for the handler with attributes.
func (h promptHandler) WithAttrs(a []slog.Attr) slog.Handler {
	return promptHandler{h.Handler.WithAttrs(a), h.buffer}
}

// WithGroup keeps the promise for the handler with a group.
func (h promptHandler) WithGroup(name string) slog.Handler {
	return promptHandler{h.Handler.WithGroup(name), h.buffer}
}
