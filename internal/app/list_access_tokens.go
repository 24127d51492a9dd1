package app

import (
	"context"
	"fmt"
	"time"
)

// ListAccessTokens pages through the actor's own tokens that are good now, those
// of signing in too, the newest first.
func (a *App) ListAccessTokens(ctx context.Context, actor Actor, page Page, now time.Time) (tokens []Token, next string, err error) {
	before, err := parseTokenCursor(page.After)
	if err != nil {
		return nil, "", err
	}
	err = a.read(ctx, actor, now, func(r Reader) (err error) {
		tokens, err = r.Tokens(ctx, actor.AccountID, before, now, page.limit())
		return err
	})
	return tokens, page.next(len(tokens), func(i int) string {
		return fmt.Sprintf("%d-%x", tokens[i].CreatedAt.UnixMilli(), uint64(tokens[i].ID))
	}), err
}

func parseTokenCursor(s string) (TokenCursor, error) {
	if s == "" {
		return TokenCursor{}, nil
	}
	at, id, err := parseCursor(s)
	return TokenCursor{CreatedAt: at, ID: id}, err
}
