package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ACLView is a row of an access list as people see it.
type ACLView struct {
	ACL
	Applied bool // the cluster has it
}

// ACLList is a service's access list.
type ACLList struct {
	Rows []ACLView // the newest last
	// Pending says why the cluster does not have all of it yet, and what to do;
	// empty when it has.
	Pending string
}

// ListACL shows a service's access list, and how far its cluster has it.
func (a *App) ListACL(ctx context.Context, actor Actor, project, service string, now time.Time) (list ACLList, err error) {
	err = a.read(ctx, actor, now, func(r Reader) error {
		s, err := authorise(ctx, r, actor, project, ReadProject)
		if err != nil {
			return err
		}
		svc, err := findService(ctx, r, s, service)
		if err != nil {
			return err
		}
		list, err = readACLs(ctx, r, svc)
		return err
	})
	return list, err
}

func readACLs(ctx context.Context, r Reader, svc Service) (ACLList, error) {
	rows, err := r.ACLs(ctx, svc.ID, 0, maxACLs)
	if err != nil {
		return ACLList{}, err
	}
	sync, err := clusterSync(ctx, r, svc.ID)
	if err != nil {
		return ACLList{}, err
	}
	list := ACLList{Rows: make([]ACLView, len(rows)), Pending: sync.pendingWords(svc)}
	for i, row := range rows {
		list.Rows[i] = ACLView{ACL: row, Applied: row.Revision <= sync.Applied}
	}
	return list, nil
}

// clusterSync is zero for a cluster of which nothing was ever wished.
func clusterSync(ctx context.Context, r Reader, serviceID int64) (ClusterSync, error) {
	sync, err := r.ClusterSync(ctx, serviceID)
	if errors.Is(err, ErrNotFound) {
		return ClusterSync{ServiceID: serviceID}, nil
	}
	return sync, err
}

// noKit is why a cluster cannot be reached before its kit was made.
const noKit = "Segue does not know how to reach the brokers: make the broker kit with `segue service broker-kit` and install it"

// pendingWords say why the cluster does not have what is wished; empty when it has.
func (s ClusterSync) pendingWords(svc Service) string {
	switch {
	case !s.Pending():
		return ""
	case len(svc.ReplAddresses) == 0:
		return "not applied yet: " + noKit
	case s.Error != "":
		return fmt.Sprintf("not applied yet, tried since %s: %s", stamp(s.FailingSince), s.Error)
	}
	return "not applied yet: the brokers are told within a minute"
}

// ACLID is the id of a row as people see it.
func ACLID(id int64) string { return fmt.Sprintf("acl%016x", uint64(id)) }

func parseACLID(text string) (int64, bool) {
	digits, ok := strings.CutPrefix(text, "acl")
	id, err := strconv.ParseInt(digits, 16, 64)
	return id, ok && err == nil && ACLID(id) == text
}
