package app

import (
	"context"
	"time"
)

// Violation is something that CheckStore found.
type Violation struct {
	Invariant int // 1 to 6, as DESIGN counts them; 0: something that needs a person but breaks none
	Subject   string
	Message   string
}

// CheckStore checks every invariant of DESIGN and calls report for each violation.
func (a *App) CheckStore(ctx context.Context, now time.Time, report func(Violation)) error {
	panic("todo")
}
