package lifecycle

import "time"

// BrokerValidity is how long broker and admin certificates live, whatever the policy.
const BrokerValidity = 820 * day

// BrokerRenewBefore is how long before their end people are told to make the kit again.
const BrokerRenewBefore = 90 * day

// BrokerKitDue reports whether the newest broker certificate is so near its end
// that the kit should be made again.
func BrokerKitDue(notAfter, now time.Time) bool {
	return !now.Before(notAfter.Add(-BrokerRenewBefore))
}

// CASuccessorDue reports whether an authority that ends at notAfter needs its
// successor now, so that everybody trusts it before the first leaf needs it.
func CASuccessorDue(notAfter time.Time, p Policy, now time.Time) bool {
	return !now.Before(notAfter.Add(-p.Validity - p.RenewBefore - 180*day))
}
