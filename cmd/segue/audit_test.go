package main

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// partedLog is verified in parts of 100,000 entries.
type partedLog struct {
	length, broken int64
	asked          []int64
}

func (*partedLog) name() string { return "shop" }
func (*partedLog) close() error { return nil }
func (*partedLog) entries(context.Context, api.AuditFilter) iter.Seq2[api.AuditEntry, error] {
	return nil
}

func (l *partedLog) verify(_ context.Context, _ app.AuditHead, after int64) (verdict, int64, error) {
	l.asked = append(l.asked, after)
	to := min(after+100_000, l.length)
	switch {
	case l.broken != 0 && l.broken <= to:
		return verdict{VerifiedTo: l.broken - 1, BrokenAt: l.broken, Fault: "changed", Reason: "it was changed"}, 0, nil
	case to == l.length:
		return verdict{VerifiedTo: to, Head: "250000:9c41"}, 0, nil
	}
	return verdict{VerifiedTo: to}, to, nil
}

// A long log is verified part by part, to its end or to the first entry that is broken.
func TestVerifyInParts(t *testing.T) {
	verify := func(log *partedLog) (string, error) {
		var out strings.Builder
		cmd := &cobra.Command{}
		cmd.SetContext(t.Context())
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		err := (&cli{}).verifyAudit(cmd, log, app.AuditHead{})
		return out.String(), err
	}
	whole := &partedLog{length: 250_000}
	if said, err := verify(whole); err != nil || len(whole.asked) != 3 || !strings.HasPrefix(said, "The audit log of shop is whole: 250,000 entries are as they were written\nHead: 250000:9c41\n") {
		t.Errorf("%v, %q after %v", err, said, whole.asked)
	}
	broken := &partedLog{length: 250_000, broken: 150_001}
	if said, err := verify(broken); err == nil || len(broken.asked) != 2 || said != "" ||
		err.Error() != "the audit log of shop is broken at entry 150,001 (changed): it was changed; before it 150,000 entries are as they were written" {
		t.Errorf("%v, %q after %v", err, said, broken.asked)
	}
}
