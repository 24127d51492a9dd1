package app

import (
	"context"
	"time"
)

// clusterLate is how long a cluster may lack what is wished of it before people
// are told: brokers are restarted now and then.
const clusterLate = 10 * time.Minute

// checkClusters names clusters that lack what is wished of them.
func (c *checker) checkClusters(ctx context.Context) error {
	return pages(ctx, func(s ClusterSync) int64 { return s.ServiceID }, c.app.Inspector.InspectClusterSyncs, func(s ClusterSync) error {
		svc, known := c.services[s.ServiceID]
		subject := c.serviceName(s.ServiceID)
		switch {
		case s.Applied > s.Revision || s.Applied < 0:
			c.violation(0, subject, "its cluster is noted to have an access list that there never was: change a row, which has the brokers looked at")
		case known && !svc.DeletedAt.IsZero():
		case s.Pending() && s.DueAt.IsZero():
			c.violation(0, subject, "its access list or its passwords are not on the brokers: %s", noKit)
		case !s.FailingSince.IsZero() && c.now.Sub(s.FailingSince) > clusterLate:
			c.violation(0, subject, "its cluster could not be looked at since %s, %d times: %s", stamp(s.FailingSince), s.Failures, s.Error)
		}
		return nil
	})
}
