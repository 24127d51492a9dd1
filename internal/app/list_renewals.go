package app

import (
	"context"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// RenewalView is a renewal that awaits acknowledgement.
type RenewalView struct {
	PendingRenewal
	State lifecycle.State // expiring or lapsed
}

// ListRenewals pages through the project's renewals that await acknowledgement,
// the most urgent first.
func (a *App) ListRenewals(ctx context.Context, actor Actor, project string, page Page, now time.Time) (renewals []RenewalView, next string, err error) {
	after, err := parseRenewalCursor(page.After)
	if err != nil {
		return nil, "", err
	}
	var found []PendingRenewal
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		found, err = r.Renewals(ctx, s.Project.ID, after, page.limit())
		return err
	})
	if err != nil {
		return nil, "", err
	}
	for _, p := range found {
		state := lifecycle.Expiring
		if now.After(p.OldNotAfter) {
			state = lifecycle.Lapsed
		}
		renewals = append(renewals, RenewalView{PendingRenewal: p, State: state})
	}
	return renewals, page.next(len(found), func(i int) string {
		return fmt.Sprintf("%d-%x", found[i].OldNotAfter.UnixMilli(), uint64(found[i].UserID))
	}), nil
}

func parseRenewalCursor(s string) (RenewalCursor, error) {
	if s == "" {
		return RenewalCursor{}, nil
	}
	at, id, err := parseCursor(s)
	return RenewalCursor{OldNotAfter: at, UserID: id}, err
}
