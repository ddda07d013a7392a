package dashboards

import (
	"container/list"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"
)

const (
	// burstSeconds is how many seconds' worth an address may have at once: a
	// person who opens many pages, or a crawl that then keeps to the rate.
	burstSeconds = 20
	// maxAddresses bounds the table. When it is full the address not seen for
	// longest is forgotten, and starts with a full burst if it comes back.
	maxAddresses = 1 << 14
)

// limiter keeps one token bucket for each address.
type limiter struct {
	rate    rate.Limit
	mu      sync.Mutex
	buckets map[netip.Addr]*list.Element
	order   *list.List // Of *bucket, the newest first.
}

type bucket struct {
	address netip.Addr
	*rate.Limiter
}

func newLimiter(perSecond float64) *limiter {
	return &limiter{rate: rate.Limit(perSecond), buckets: map[netip.Addr]*list.Element{}, order: list.New()}
}

// allow reports whether the address of a connection may have more.
func (l *limiter) allow(remote string) bool {
	if l.rate < 0 {
		return true
	}
	return l.bucket(network(remote)).Allow()
}

func (l *limiter) bucket(a netip.Addr) *bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.buckets[a]; e != nil {
		l.order.MoveToFront(e)
		return e.Value.(*bucket)
	}
	if l.order.Len() >= maxAddresses {
		oldest := l.order.Back()
		delete(l.buckets, l.order.Remove(oldest).(*bucket).address)
	}
	b := &bucket{a, rate.NewLimiter(l.rate, max(1, int(burstSeconds*float64(l.rate))))}
	l.buckets[a] = l.order.PushFront(b)
	return b
}

// network is what is counted as one: an IPv4 address, or the /64 an IPv6
// subscriber is given. What cannot be read is counted together.
func network(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	p, err := a.Prefix(64)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr()
}
