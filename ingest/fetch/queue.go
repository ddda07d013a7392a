package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
)

// queue is the serial queue to one host. The lock keeps processes of the machine
// apart and is dropped by the kernel when one dies; the file says when the next
// request may go out.
type queue struct {
	dir, host string
	now       func() time.Time
	sleep     func(context.Context, time.Duration) error
}

// turn is what the file holds.
type turn struct {
	Next time.Time `json:"next"`
}

// poll is how often a held lock is tried again.
const poll = 20 * time.Millisecond

// enter waits for the queue and returns what gives it up. waited is told of
// every wait for the budget.
func (q *queue) enter(ctx context.Context, spacing time.Duration, waited func(time.Duration)) (leave func(), err error) {
	f, err := q.lock(ctx)
	if err != nil {
		return nil, err
	}
	leave = func() { _ = f.Close() } // Closing gives the lock up.
	next, err := q.read()
	if err != nil {
		leave()
		return nil, err
	}
	if d := next.Next.Sub(q.now()); d > 0 {
		waited(d)
		if err := q.sleep(ctx, d); err != nil {
			leave()
			return nil, err
		}
	}
	if spacing > 0 {
		// Written before the request goes out: a killed process has used its turn.
		if err := q.write(turn{q.now().Add(spacing)}); err != nil {
			leave()
			return nil, err
		}
	}
	return leave, nil
}

// hold keeps every process away from the host for a while. It is called inside
// the queue.
func (q *queue) hold(d time.Duration) error {
	next, err := q.read()
	if err != nil {
		return err
	}
	if until := q.now().Add(d); until.After(next.Next) {
		return q.write(turn{until})
	}
	return nil
}

func (q *queue) lock(ctx context.Context) (*os.File, error) {
	if err := os.MkdirAll(q.dir, 0o755); err != nil {
		return nil, fmt.Errorf("fetch: queue: %w", err)
	}
	f, err := os.OpenFile(q.path(".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("fetch: queue: %w", err)
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("fetch: queue: lock: %w", err)
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		}
	}
}

func (q *queue) path(ext string) string {
	safe := make([]byte, 0, len(q.host))
	for i := range len(q.host) {
		c := q.host[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' {
			safe = append(safe, c)
		} else {
			safe = append(safe, '_')
		}
	}
	return filepath.Join(q.dir, "queue-"+string(safe)+ext)
}

// longestHold bounds what a file may ask for, so that a wrong clock or a damaged
// file cannot stop a machine for good.
const longestHold = 15 * time.Minute

func (q *queue) read() (turn, error) {
	var t turn
	raw, err := os.ReadFile(q.path(".json"))
	if errors.Is(err, os.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("fetch: queue: %w", err)
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		// Nobody knows when the last request went: wait as after one.
		return turn{q.now().Add(time.Minute)}, nil
	}
	if limit := q.now().Add(longestHold); t.Next.After(limit) {
		t.Next = limit
	}
	return t, nil
}

func (q *queue) write(t turn) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("fetch: queue: %w", err)
	}
	if err := renameio.WriteFile(q.path(".json"), raw, 0o644); err != nil {
		return fmt.Errorf("fetch: queue: %w", err)
	}
	return nil
}
