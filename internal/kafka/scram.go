package kafka

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
)

// scramIterations is what a broker's copy of a password is hashed with: twice
// what Kafka asks for at least.
const scramIterations = 8192

// SCRAMUsers returns those who have a SCRAM-SHA-512 password.
func (a *admin) SCRAMUsers(ctx context.Context) (map[string]bool, error) {
	described, err := a.kadm.DescribeUserSCRAMs(ctx)
	if err != nil {
		return nil, explain(err)
	}
	users := map[string]bool{}
	for name, d := range described {
		if slices.ContainsFunc(d.CredInfos, func(c kadm.CredInfo) bool { return c.Mechanism == kadm.ScramSha512 }) {
			users[name] = true
		}
	}
	return users, nil
}

// SetPasswords sets SCRAM-SHA-512 passwords, by username. What goes to the
// brokers is salted and hashed; the passwords stay here.
func (a *admin) SetPasswords(ctx context.Context, passwords map[string]string) error {
	var upserts []kadm.UpsertSCRAM
	for user, password := range passwords {
		upserts = append(upserts, kadm.UpsertSCRAM{User: user, Mechanism: kadm.ScramSha512, Iterations: scramIterations, Password: password})
	}
	return a.alter(ctx, nil, upserts)
}

// DeletePasswords takes SCRAM-SHA-512 passwords away; who has none is no error.
func (a *admin) DeletePasswords(ctx context.Context, usernames []string) error {
	var deletes []kadm.DeleteSCRAM
	for _, user := range usernames {
		deletes = append(deletes, kadm.DeleteSCRAM{User: user, Mechanism: kadm.ScramSha512})
	}
	return a.alter(ctx, deletes, nil)
}

func (a *admin) alter(ctx context.Context, deletes []kadm.DeleteSCRAM, upserts []kadm.UpsertSCRAM) error {
	altered, err := a.kadm.AlterUserSCRAMs(ctx, deletes, upserts)
	if err != nil {
		return explain(err)
	}
	for _, user := range altered {
		if user.Err != nil && !errors.Is(user.Err, kerr.ResourceNotFound) {
			return explain(user.Err)
		}
	}
	return nil
}
