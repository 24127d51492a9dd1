package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// What a user's page shows at once.
const (
	userEntriesShown  = 12  // of the audit log
	userMessagesRead  = 200 // each to one recipient
	userSightsRead    = 100
	generationsDrawn  = 8
	plannedAtMost     = 40
	recipientsSpelled = 3
)

// userPageView is all there is about a service user.
type userPageView struct {
	userView
	Preview  app.UserPreview // what renewing, resetting and deleting would do; zero where the role may not
	Sent     []sending
	More     string // where older messages begin; empty: these are all
	Entries  []app.AuditEntry
	Overlap  *overlapPicture // nil where no two pairs work
	Upcoming []time.Time     // reminders to come, while nobody acknowledges
}

func (v *visit) userPage(u userView) error {
	p := userPageView{userView: u}
	ctx := v.r.Context()
	var err error
	if u.may(app.ManageUsers) {
		if p.Preview, err = v.previewed(u); err != nil {
			return err
		}
	}
	page := app.Page{After: v.r.URL.Query().Get("after"), Limit: userMessagesRead}
	messages, more, err := v.App.ListUserMessages(ctx, v.actor, u.Project, u.Service, u.User, page, v.now)
	if err != nil {
		return err
	}
	p.Sent, p.More = u.sendings(messages), more
	about := app.AuditFilter{Service: u.Service, User: u.User}
	if p.Entries, err = v.App.ListAudit(ctx, v.actor, u.Project, about, 0, userEntriesShown, v.now); err != nil {
		return err
	}
	about.Action = "keys.read"
	seen, err := v.App.ListAudit(ctx, v.actor, u.Project, about, 0, userSightsRead, v.now)
	if err != nil {
		return err
	}
	policy, err := v.App.GetPolicy(ctx, v.actor, u.Project, u.Service, v.now)
	if err != nil {
		return err
	}
	p.Upcoming = u.upcoming(policy.Notices)
	p.Overlap = p.drawOverlap(seen)
	return v.show(u.User, userPage(p))
}

// drawn are the generations in the picture: the newest, the oldest first.
func (u userView) drawn() []app.GenerationView {
	all := u.History.Generations
	return all[max(0, len(all)-generationsDrawn):]
}

// upcoming are the reminders to come until the old pair's end.
func (u userView) upcoming(n lifecycle.Notices) (at []time.Time) {
	old, ok := u.old()
	if !ok || u.History.Reminders == nil || u.History.Reminders.Next.IsZero() {
		return nil
	}
	next := u.History.Reminders.Next
	for next.Before(old.NotAfter) && len(at) < plannedAtMost {
		at = append(at, next)
		if next, ok = n.NextReminder(old.NotAfter, next, u.Zone); !ok {
			break
		}
	}
	return at
}

// sending is a message as it went to several people.
type sending struct {
	At       time.Time // when it left, or leaves next
	What     string
	To       []string
	Outcomes map[app.MessageState]int
	Retried  int
}

// sendings puts together what went to several people at once: the digests of one
// day, an event's messages.
func (u userView) sendings(messages []app.Message) []sending {
	var out []sending
	places := map[string]int{}
	for _, m := range messages {
		key := string(m.Kind) + " " + string(m.Event) + " " + m.Slot
		i, known := places[key]
		if !known {
			i = len(out)
			places[key] = i
			out = append(out, sending{At: leaves(m), What: u.sendingWords(m), Outcomes: map[app.MessageState]int{}})
		}
		s := &out[i]
		s.To = append(s.To, actorWords(m.Recipient))
		s.Outcomes[m.State]++
		if m.Attempts > 1 {
			s.Retried++
		}
	}
	slices.SortStableFunc(out, func(a, b sending) int { return b.At.Compare(a.At) })
	return out
}

// leaves is when a message left, or when it is tried next.
func leaves(m app.Message) time.Time {
	switch {
	case !m.SentAt.IsZero():
		return m.SentAt
	case m.State == app.MessageDue:
		return m.DueAt
	}
	return m.CreatedAt
}

// sendingWords say what a message told of this user.
func (u userView) sendingWords(m app.Message) string {
	if m.Kind == app.MessageEvent {
		return sentenceCase(strings.ReplaceAll(string(m.Event), ".", " "))
	}
	at := leaves(m)
	for _, r := range slices.Backward(u.History.Renewals) {
		if at.Before(r.CreatedAt) {
			continue
		}
		old, ok := u.generation(r.Replaced)
		switch {
		case !ok:
			return "Reminder"
		case at.Sub(r.CreatedAt) < 24*time.Hour:
			return "Renewed"
		case at.After(old.NotAfter):
			return "Lapsed " + ago(old.NotAfter, at)
		}
		return "Reminder, " + left(old.NotAfter, at)
	}
	return "Digest"
}

// left reports whether something of it left, or lies in the outbox for want of a
// mail server.
func (s sending) left() bool { return s.Outcomes[app.MessageSent]+s.Outcomes[app.MessageKept] > 0 }

func sentenceCase(s string) string { return strings.TrimSuffix(sentence(s), ".") }

// recipients names the first few.
func (s sending) recipients() string {
	if len(s.To) > recipientsSpelled+1 {
		return strings.Join(s.To[:recipientsSpelled], ", ") + " and " + number(len(s.To)-recipientsSpelled) + " more"
	}
	return strings.Join(s.To, ", ")
}

// delivery says what became of a sending.
func (s sending) delivery() said {
	all := len(s.To)
	sent := s.Outcomes[app.MessageSent]
	switch {
	case s.Outcomes[app.MessageDead] > 0:
		return said{number(sent) + " of " + number(all) + ", " + number(s.Outcomes[app.MessageDead]) + " given up", bad}
	case s.Outcomes[app.MessageDue] > 0:
		return said{number(sent) + " of " + number(all) + ", " + number(s.Outcomes[app.MessageDue]) + " waiting", warn}
	case s.Outcomes[app.MessageKept] > 0:
		return said{"kept: no mail server", quiet}
	case s.Outcomes[app.MessageDropped] == all:
		return said{"nothing was left to say", quiet}
	case s.Retried > 0:
		return said{number(sent) + " of " + number(all) + ", " + number(s.Retried) + " retried", quiet}
	}
	return said{number(sent) + " of " + number(all), quiet}
}

// bannerWords says what happens to this user, when, and what to do; without words
// there is nothing to do.
func (u userView) bannerWords() (what, then string, t tone) {
	old, overlap := u.old()
	_, waits := u.pending()
	now := u.current()
	switch {
	case waits && overlap && live(old, u.Now):
		t = warn
		if old.NotAfter.Sub(u.Now) < soon {
			t = bad
		}
		return "The old pair stops working " + in(old.NotAfter, u.Now) + ", on " + u.weekday(old.NotAfter),
			"The new pair is ready. Put it in use, then acknowledge it; only the reminders stop.", t
	case waits && overlap:
		return "The old pair stopped working " + ago(old.NotAfter, u.Now) + ", on " + u.weekday(old.NotAfter),
			"A client that still uses it is refused. Put the new pair in use, then acknowledge it.", bad
	case u.Now.After(now.NotAfter):
		return "Its pair stopped working " + ago(now.NotAfter, u.Now) + ", on " + u.weekday(now.NotAfter), u.failed(), bad
	case u.History.Failure != nil:
		return "The renewal that is due could not be made", u.failed(), bad
	}
	return "", "", ""
}

// failed says why no new pair is there.
func (u userView) failed() string {
	f := u.History.Failure
	if f == nil {
		return "No new pair was issued yet: the sweep does it as soon as it runs."
	}
	return inWords(f.Reason, u.Now, u.Zone) + " It is tried again " + in(f.RetryAt, u.Now) + "."
}

// weekday is a moment as a banner says it: "Monday 30 November at 23:57".
func (u userView) weekday(t time.Time) string {
	t = t.In(u.Zone)
	if t.Year() != u.Now.In(u.Zone).Year() {
		return t.Format("Monday 2 January 2006 at 15:04")
	}
	return t.Format("Monday 2 January at 15:04")
}

// overlapWords say what the enlarged overlap shows.
func (p userPageView) overlapWords() string {
	old, _ := p.old()
	words := "both pairs work from " + day(p.current().CreatedAt, p.Zone) + " to " + day(old.NotAfter, p.Zone)
	if !live(old, p.Now) {
		words = "both pairs worked from " + day(p.current().CreatedAt, p.Zone) + " to " + day(old.NotAfter, p.Zone)
	}
	words += "; " + countOf(p.Overlap.Told, "message") + " so far"
	if r := p.History.Reminders; r != nil && !r.Next.IsZero() {
		words += ", the next " + when(r.Next, p.Now, p.Zone)
	}
	return words
}

// nextWords say when a pair without an overlap is renewed.
func (u userView) nextWords() string {
	if u.History.RenewAt.After(u.Now) {
		return "The next pair is issued " + in(u.History.RenewAt, u.Now) + ", on " + day(u.History.RenewAt, u.Zone) + "."
	}
	return "The next pair is due: the sweep issues it when it runs next."
}

// revokes names what a reset or a deletion revokes, of what works now.
func (u userView) revokes() string {
	var working []int
	for _, g := range u.History.Generations {
		if live(g, u.Now) {
			working = append(working, g.Generation)
		}
	}
	return revokedWords(working)
}

// service is the frame that the menu of a row takes.
func (u userView) service() serviceFrame {
	return serviceFrame{frame: u.frame, Service: app.ServiceView{Service: app.Service{Name: u.Service}}}
}

// since is what stands under the name.
func (u userView) since() string {
	return " · generation " + strconv.Itoa(u.current().Generation) + " · created " + day(u.History.CreatedAt, u.Zone)
}

// countOf is plural with a word for none: "no message".
func countOf(n int, word string) string {
	if n == 0 {
		return "no " + word
	}
	return plural(n, word)
}
