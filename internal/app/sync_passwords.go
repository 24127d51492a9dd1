package app

import (
	"context"
)

const (
	// passwordsAtOnce is how many passwords go into one request, and one transaction.
	passwordsAtOnce = 100
	// passwordsPerLook bounds the passwords that one look sets: each costs
	// thousands of hashes.
	passwordsPerLook = 2000
)

// passwords gives the cluster every user's password where users authenticate by
// SASL, and takes away those of whoever is a user no more.
func (s *clusterWork) passwords(ctx context.Context) error {
	if !s.wish.service.SASLAuth() || !s.wish.service.DeletedAt.IsZero() {
		return s.withdraw(ctx, func(r Reader) ([]string, error) {
			set, err := r.ClusterPasswords(ctx, s.id(), "", passwordsAtOnce)
			return names(set), err
		})
	}
	if err := s.noteLost(ctx); err != nil {
		return err
	}
	if err := s.setPasswords(ctx); err != nil {
		return err
	}
	return s.withdraw(ctx, func(r Reader) ([]string, error) {
		return r.PasswordsLeft(ctx, s.id(), "", passwordsAtOnce)
	})
}

func names(set []ClusterPassword) []string {
	list := make([]string, len(set))
	for i, p := range set {
		list[i] = p.Username
	}
	return list
}

// noteLost has the passwords set again that somebody took off the cluster. That
// somebody set another in their place cannot be seen: a cluster shows none.
func (s *clusterWork) noteLost(ctx context.Context) error {
	there, err := s.cluster.SCRAMUsers(ctx)
	if err != nil {
		return err
	}
	for after := ""; ; {
		var page []ClusterPassword
		err := s.app.Store.Read(ctx, func(r Reader) (err error) {
			page, err = r.ClusterPasswords(ctx, s.id(), after, usersRead)
			return err
		})
		if err != nil {
			return err
		}
		var lost []ClusterPassword
		for _, p := range page {
			if after = p.Username; p.Revision > 0 && !there[p.Username] {
				lost = append(lost, ClusterPassword{Username: p.Username, UserID: p.UserID})
			}
		}
		if err := s.recordLost(ctx, lost); err != nil || len(page) < usersRead {
			return err
		}
	}
}

func (s *clusterWork) recordLost(ctx context.Context, lost []ClusterPassword) error {
	if len(lost) == 0 {
		return nil
	}
	s.report.Repaired += len(lost)
	return s.write(ctx, func(u *unit) error {
		if err := u.RecordPasswords(ctx, s.id(), lost); err != nil {
			return err
		}
		return u.audit(s.wish.project.ID, "password.repair", s.wish.service.Name, "", map[string]int{"users": len(lost)})
	})
}

func (s *clusterWork) setPasswords(ctx context.Context) error {
	for done, after := 0, ""; ; {
		var page []PasswordToSet
		err := s.app.Store.Read(ctx, func(r Reader) (err error) {
			page, err = r.PasswordsToSet(ctx, s.id(), after, passwordsAtOnce)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		if done >= passwordsPerLook {
			s.more = true
			return nil
		}
		if err := s.setPage(ctx, page); err != nil {
			return err
		}
		done, after = done+len(page), page[len(page)-1].Username
	}
}

// setPage records that passwords are about to be set before they are, so that
// each is taken away again when its user goes.
func (s *clusterWork) setPage(ctx context.Context, page []PasswordToSet) error {
	about, set, passwords := make([]ClusterPassword, len(page)), make([]ClusterPassword, len(page)), make(map[string]string, len(page))
	for i, p := range page {
		password, err := s.app.Custody.Open(ctx, SealPassword, p.ProjectID, p.UserID, PasswordID, p.Sealed)
		if err != nil {
			return err
		}
		passwords[p.Username] = string(password)
		about[i] = ClusterPassword{Username: p.Username, UserID: p.UserID}
		set[i] = ClusterPassword{Username: p.Username, UserID: p.UserID, Revision: p.Revision}
	}
	err := s.write(ctx, func(u *unit) error { return u.RecordPasswords(ctx, s.id(), about) })
	if err != nil {
		return err
	}
	if err := s.cluster.SetPasswords(ctx, passwords); err != nil {
		return err
	}
	s.report.Created += len(page)
	return s.write(ctx, func(u *unit) error { return u.RecordPasswords(ctx, s.id(), set) })
}

// withdraw takes the passwords of the names that left gives off the cluster, page by page.
func (s *clusterWork) withdraw(ctx context.Context, left func(Reader) ([]string, error)) error {
	for {
		var page []string
		err := s.app.Store.Read(ctx, func(r Reader) (err error) {
			page, err = left(r)
			return err
		})
		if err != nil || len(page) == 0 {
			return err
		}
		if err := s.cluster.DeletePasswords(ctx, page); err != nil {
			return err
		}
		if err := s.write(ctx, func(u *unit) error { return u.ForgetPasswords(ctx, s.id(), page) }); err != nil {
			return err
		}
		s.report.Deleted += len(page)
	}
}
