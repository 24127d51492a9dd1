package app

import (
	"context"
	"fmt"
)

// Ready reports whether the store answers.
func (a *App) Ready(ctx context.Context) error {
	err := a.Store.Read(ctx, func(r Reader) error {
		_, err := r.CountAccounts(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	return nil
}
