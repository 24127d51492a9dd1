package app

import (
	"context"
	"sync"
	"time"
)

const (
	// readings is how many services of more than one page are shown at once.
	readings = 8
	// readingsOfOne is how many of them to one account: a client that takes its time
	// over a reply keeps no place from the others.
	readingsOfOne = readings / 2
	// askingOfOne is how many requests of one account have a place or wait for one.
	// Each that waits holds a page of users.
	askingOfOne = 8 * readingsOfOne
	// placeWithin is how long a request waits.
	placeWithin = 10 * time.Second
)

// places are what large services are shown in, so that many requests at once need
// no more memory than a few.
type places struct {
	all chan struct{} // holds one per place taken
	mu  sync.Mutex
	of  map[int64]*accountPlaces // by account, while it asks
}

type accountPlaces struct {
	taken  chan struct{}
	asking int
}

func newPlaces() *places {
	return &places{all: make(chan struct{}, readings), of: map[int64]*accountPlaces{}}
}

// take waits for a place for one of the account's requests.
func (p *places) take(ctx context.Context, account int64) (release func(), err error) {
	own := p.ask(account)
	if own == nil {
		return nil, fail(CodeUnavailable, "this account is reading too many large services at this moment: let some end, then try again")
	}
	timer := time.NewTimer(placeWithin)
	defer timer.Stop()
	for _, c := range []chan struct{}{own.taken, p.all} {
		select {
		case c <- struct{}{}:
			continue
		case <-timer.C:
			err = fail(CodeUnavailable, "too many large services are being read at this moment: try again")
		case <-ctx.Done():
			err = ctx.Err()
		}
		if c == p.all {
			<-own.taken
		}
		p.leave(account)
		return nil, err
	}
	return func() {
		<-p.all
		<-own.taken
		p.leave(account)
	}, nil
}

// ask is nil where too many requests of the account ask already.
func (p *places) ask(account int64) *accountPlaces {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.of[account]
	if own == nil {
		own = &accountPlaces{taken: make(chan struct{}, readingsOfOne)}
		p.of[account] = own
	}
	if own.asking == askingOfOne {
		return nil
	}
	own.asking++
	return own
}

func (p *places) leave(account int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.of[account]
	if own.asking--; own.asking == 0 {
		delete(p.of, account)
	}
}
