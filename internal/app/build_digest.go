package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"time"
)

// digestListed bounds how many renewals and services a digest names; the rest it counts.
const digestListed = 50

// buildDigest makes what one recipient is told of the project now. ok is false
// when there is nothing left to say to them. Memory follows the services, not the
// renewals.
func buildDigest(ctx context.Context, r Reader, who *audience, to Recipient, since, now time.Time) (d Digest, ok bool, err error) {
	d = Digest{Project: who.project.Name, Recipient: to.Email, Why: to.Why, Now: now, Zone: who.zone}
	summaries, err := r.ServiceSummaries(ctx, who.project.ID, since, now)
	if err != nil {
		return d, false, err
	}
	sections := map[int64]*DigestSection{}
	for _, s := range summaries {
		if !to.concerns(s.ServiceID) || who.silent(s.ServiceID) || s.Awaiting+s.Lapsed+s.Renewed == 0 {
			continue
		}
		sections[s.ServiceID] = &DigestSection{ServiceSummary: s}
		d.Renewed, d.Awaiting, d.Lapsed, d.Snoozed = d.Renewed+s.Renewed, d.Awaiting+s.Awaiting, d.Lapsed+s.Lapsed, d.Snoozed+s.Snoozed
	}
	if d.Awaiting+d.Lapsed == 0 {
		return d, false, nil // renewals that are acknowledged already are no news
	}
	if err := listItems(ctx, r, who.project.ID, to, sections, now); err != nil {
		return d, false, err
	}
	d.Sections = inOrder(sections)
	d.cutSections()
	head, err := r.AuditHeadOf(ctx, who.project.ID)
	d.AuditSeq, d.AuditMAC = head.Seq, hex.EncodeToString(head.MAC)
	return d, true, err
}

// listItems fills the sections with the most urgent renewals. Who is told of all
// services finds them at the head of the project's; a contact, whose services may be
// few among many, at the head of each.
func listItems(ctx context.Context, r Reader, projectID int64, to Recipient, sections map[int64]*DigestSection, now time.Time) error {
	var urgent []PendingRenewal
	var err error
	if to.services == nil {
		urgent, err = urgentOfProject(ctx, r, projectID, sections, now)
	} else {
		urgent, err = urgentOfServices(ctx, r, sections, now)
	}
	if err != nil {
		return err
	}
	for _, p := range urgent {
		s := sections[p.ServiceID]
		s.Items = append(s.Items, p.item(now))
	}
	for _, s := range sections {
		s.More = max(0, s.Awaiting+s.Lapsed-len(s.Items))
	}
	return nil
}

func urgentOfProject(ctx context.Context, r Reader, projectID int64, sections map[int64]*DigestSection, now time.Time) ([]PendingRenewal, error) {
	var urgent []PendingRenewal
	for cursor := (RenewalCursor{}); ; {
		page, err := r.Renewals(ctx, projectID, cursor, usersRead)
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			cursor = RenewalCursor{OldNotAfter: p.OldNotAfter, UserID: p.UserID}
			if sections[p.ServiceID] == nil || p.SnoozedUntil.After(now) {
				continue
			}
			if urgent = append(urgent, p); len(urgent) == digestListed {
				return urgent, nil
			}
		}
		if len(page) < usersRead {
			return urgent, nil
		}
	}
}

func urgentOfServices(ctx context.Context, r Reader, sections map[int64]*DigestSection, now time.Time) ([]PendingRenewal, error) {
	var urgent []PendingRenewal
	for id, s := range sections {
		if s.Awaiting+s.Lapsed == 0 {
			continue
		}
		found, err := r.UrgentRenewals(ctx, id, now, digestListed)
		if err != nil {
			return nil, err
		}
		urgent = append(urgent, found...)
		slices.SortFunc(urgent, func(x, y PendingRenewal) int {
			return cmp.Or(x.OldNotAfter.Compare(y.OldNotAfter), cmp.Compare(x.UserID, y.UserID))
		})
		urgent = urgent[:min(len(urgent), digestListed)]
	}
	return urgent, nil
}

// cutSections bounds a digest of very many services: it names the first of them
// and counts the rest. They come sorted, so what is named is most urgent.
func (d *Digest) cutSections() {
	if len(d.Sections) <= digestListed {
		return
	}
	for _, s := range d.Sections[digestListed:] {
		d.MoreServices++
		d.MoreRenewals += s.Awaiting + s.Lapsed
	}
	d.Sections = d.Sections[:digestListed]
}

func (p PendingRenewal) item(now time.Time) DigestItem {
	return DigestItem{
		UserID: p.UserID, User: p.User, Generation: p.Generation, OldNotBefore: p.OldNotBefore, OldNotAfter: p.OldNotAfter,
		NewNotBefore: p.NewNotBefore, NewNotAfter: p.NewNotAfter, Lapsed: now.After(p.OldNotAfter),
	}
}

// inOrder sorts sections by urgency.
func inOrder(sections map[int64]*DigestSection) []DigestSection {
	var sorted []DigestSection
	for _, s := range sections {
		if s.Awaiting+s.Lapsed > 0 {
			sorted = append(sorted, *s)
		}
	}
	slices.SortFunc(sorted, func(x, y DigestSection) int {
		xRank, xEnd := x.urgency()
		yRank, yEnd := y.urgency()
		return cmp.Or(cmp.Compare(xRank, yRank), xEnd.Compare(yEnd), cmp.Compare(x.Service, y.Service))
	})
	return sorted
}

// urgency ranks a section: what is listed is more urgent than all that is only
// counted, and of that what lapsed more than what has not ended yet.
func (s DigestSection) urgency() (rank int, end time.Time) {
	switch {
	case len(s.Items) > 0:
		return 0, s.Items[0].OldNotAfter
	case s.Lapsed > 0:
		return 1, s.FirstEnd
	}
	return 2, s.FirstEnd
}
