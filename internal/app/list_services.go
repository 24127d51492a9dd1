package app

import (
	"context"
	"iter"
	"time"
)

// servicesRead is how many services are read at a time for a list.
const servicesRead = 50

// ReadServices goes through a project's services in name order. Their users carry
// no pair and no password: whoever needs those reads the service itself. It ends
// after the first error.
func (a *App) ReadServices(ctx context.Context, actor Actor, project string, now time.Time) iter.Seq2[*ServiceReading, error] {
	return func(yield func(*ServiceReading, error) bool) {
		list := serviceList{app: a, actor: actor, project: project, now: now}
		found, err := list.next(ctx)
		if err == nil && list.users > usersRead {
			var release func()
			if release, err = a.placeToRead(ctx); err == nil {
				defer release()
			}
		}
		for err == nil {
			for _, r := range found {
				if !yield(r, nil) {
					return
				}
			}
			if len(found) < servicesRead {
				return
			}
			found, err = list.next(ctx)
		}
		yield(nil, err)
	}
}

// serviceList is a project's services while they are read.
type serviceList struct {
	app     *App
	actor   Actor
	project string
	now     time.Time
	after   string // the last service read
	users   int    // of the project
}

func (l *serviceList) next(ctx context.Context) ([]*ServiceReading, error) {
	var list []*ServiceReading
	err := l.app.read(ctx, l.actor, l.now, func(tx Reader) error {
		list = nil
		s, err := authorise(ctx, tx, l.actor, l.project, ReadProject)
		if err != nil {
			return err
		}
		if l.users, err = tx.CountUsers(ctx, s.Project.ID, 0); err != nil {
			return err
		}
		found, err := tx.Services(ctx, s.Project.ID, l.after, servicesRead)
		if err != nil {
			return err
		}
		for _, svc := range found {
			notes, err := l.app.notifications(ctx, tx, svc, l.now)
			if err != nil {
				return err
			}
			list = append(list, &ServiceReading{
				ServiceView: ServiceView{Service: svc, Notifications: notes},
				app:         l.app, actor: l.actor, scope: s, hidden: true, now: l.now, placed: true,
			})
			l.after = svc.Name
		}
		return nil
	})
	return list, err
}
