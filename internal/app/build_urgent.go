package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// buildUrgent makes what an urgent message says now: of the renewals that it
// names, those that still await and are not snoozed. ok is false when none is left.
func buildUrgent(ctx context.Context, r Reader, who *audience, to Recipient, m Message, now time.Time) (d Digest, ok bool, err error) {
	var p urgentPayload
	if err := json.Unmarshal(m.Payload, &p); err != nil {
		return d, false, &PermanentError{Err: fmt.Errorf("the stored message cannot be read: %w", err)}
	}
	d = Digest{Project: who.project.Name, Recipient: to.Email, Why: to.Why, Now: now, Zone: who.zone, Urgent: true}
	sections := map[int64]*DigestSection{}
	for _, item := range p.Items {
		if !to.concerns(item.ServiceID) || who.silent(item.ServiceID) {
			continue
		}
		// The renewal itself, where it still awaits: by user id it is one row.
		found, err := r.PendingReminders(ctx, m.ProjectID, item.ServiceID, item.UserID-1, 1)
		if err != nil {
			return d, false, err
		}
		if len(found) == 0 || found[0].UserID != item.UserID || found[0].Generation != item.Generation || found[0].SnoozedUntil.After(now) {
			continue
		}
		s := sections[item.ServiceID]
		if s == nil {
			s = &DigestSection{ServiceSummary: ServiceSummary{ServiceID: item.ServiceID, Service: found[0].Service}}
			sections[item.ServiceID] = s
		}
		s.add(found[0].item(now))
	}
	for _, s := range sections {
		d.Awaiting, d.Lapsed = d.Awaiting+s.Awaiting, d.Lapsed+s.Lapsed
	}
	if d.Awaiting+d.Lapsed == 0 {
		return d, false, nil
	}
	d.Sections = inOrder(sections)
	d.Sections[len(d.Sections)-1].More += p.More
	return d, true, nil
}

func (s *DigestSection) add(i DigestItem) {
	if i.Lapsed {
		s.Lapsed++
	} else {
		s.Awaiting++
	}
	if s.FirstEnd.IsZero() || i.OldNotAfter.Before(s.FirstEnd) {
		s.FirstEnd = i.OldNotAfter
	}
	s.Items = append(s.Items, i)
	slices.SortFunc(s.Items, func(x, y DigestItem) int { return x.OldNotAfter.Compare(y.OldNotAfter) })
}
