package app

import (
	"context"
	"fmt"
	"time"
)

// AuditCheck says which part of an audit log to verify.
type AuditCheck struct {
	After int64     // goes on behind this entry, up to which the log was verified before; 0: from the first
	Noted AuditHead // a head that somebody noted earlier, from a digest or Segue's own log; zero: none
	Limit int       // how many entries at most; 100,000 when it is 0 or more than that
}

// AuditVerdict says what came of a check.
type AuditVerdict struct {
	AuditProof
	End   AuditHead // the entry verified last
	Whole bool      // the log was verified to its end; otherwise the next check goes on behind VerifiedTo
}

// maxProof bounds the entries of one check.
const maxProof = 100_000

func (c AuditCheck) limit() int {
	if c.Limit <= 0 || c.Limit > maxProof {
		return maxProof
	}
	return c.Limit
}

// ProveAudit verifies the chain of an audit log, whatever this process verified
// before, up to the check's limit, and names the first entry that is not what
// was written. An end of the log that was cut off together with its head shows
// against a head noted earlier alone. No project is the log of the instance, which
// is for its administrators.
func (a *App) ProveAudit(ctx context.Context, actor Actor, project string, check AuditCheck, now time.Time) (AuditVerdict, error) {
	p := auditProver{app: a, noted: check.Noted}
	err := a.read(ctx, actor, now, func(r Reader) (err error) {
		p.projectID, err = auditLogOf(ctx, r, actor, project)
		return err
	})
	if err != nil {
		return AuditVerdict{}, err
	}
	release, err := a.verified.of(p.projectID).wait(ctx)
	if err != nil {
		return AuditVerdict{}, err
	}
	defer release()
	return p.prove(ctx, max(0, check.After), check.limit())
}

// auditProver walks one audit log.
type auditProver struct {
	app       *App
	projectID int64
	noted     AuditHead
	last      AuditHead // verified last
}

func (p *auditProver) prove(ctx context.Context, after int64, limit int) (AuditVerdict, error) {
	switch fault, err := p.begin(ctx, after); {
	case err != nil:
		return AuditVerdict{}, err
	case fault != (chainFault{}):
		return p.verdict(fault.at(p.noted.Seq)), nil
	}
	for limit > 0 {
		want := min(limit, auditPage)
		entries, head, err := readAudit(ctx, p.app.Store, p.projectID, p.last.Seq, want)
		if err != nil {
			return AuditVerdict{}, err
		}
		proof, err := p.page(ctx, entries)
		if err != nil || proof.BrokenAt != 0 {
			return p.verdict(proof), err
		}
		if len(entries) < want {
			return p.end(head), nil
		}
		limit -= want
	}
	return AuditVerdict{AuditProof: AuditProof{VerifiedTo: p.last.Seq}, End: p.last}, nil
}

// begin places the walk behind an entry up to which the log was verified before.
func (p *auditProver) begin(ctx context.Context, after int64) (chainFault, error) {
	if after == 0 {
		return chainFault{}, nil
	}
	entries, _, err := readAudit(ctx, p.app.Store, p.projectID, after-1, 1)
	if err != nil {
		return chainFault{}, err
	}
	if len(entries) == 0 || entries[0].Seq != after {
		return chainFault{}, failField("after", "the audit log has no such entry to go on behind: verify it from the first")
	}
	p.last = AuditHead{Seq: after, MAC: entries[0].MAC}
	if p.noted.Seq == 0 || p.noted.Seq > after {
		return chainFault{}, nil
	}
	there, err := p.app.holds(ctx, p.projectID, p.noted)
	if err != nil || there {
		return chainFault{}, err
	}
	return p.replaced(), nil
}

// replaced says that the entry of the noted head is another.
func (p *auditProver) replaced() chainFault {
	return chainFault{AuditReplaced, fmt.Sprintf(
		"entry %d of its audit log is not the one whose head was noted: the head is of another log, or somebody who holds Segue's keys wrote this one anew; compare it with a backup",
		p.noted.Seq)}
}

// page verifies the entries that come next.
func (p *auditProver) page(ctx context.Context, entries []AuditEntry) (AuditProof, error) {
	for i, e := range entries {
		fault, err := p.app.linkFault(ctx, p.last, e)
		if err != nil {
			return AuditProof{}, err
		}
		if fault.kind == AuditChanged {
			fault, err = p.moved(ctx, fault, entries[i:])
		}
		if err != nil || fault != (chainFault{}) {
			return fault.behind(p.last), err
		}
		p.last = AuditHead{Seq: e.Seq, MAC: e.MAC}
		if e.Seq == p.noted.Seq && !p.last.is(p.noted) {
			return p.replaced().at(e.Seq), nil
		}
	}
	return AuditProof{}, nil
}

// moved looks for what was written behind the last verified entry: where it stands
// elsewhere in the entries at hand, the log was reordered.
func (p *auditProver) moved(ctx context.Context, fault chainFault, entries []AuditEntry) (chainFault, error) {
	place := p.last.Seq + 1
	for _, e := range entries[1:] {
		stands := e.Seq
		e.Seq = place
		switch ok, err := p.app.follows(ctx, p.last, e); {
		case err != nil:
			return chainFault{}, err
		case ok:
			return chainFault{AuditMoved, fmt.Sprintf(
				"entry %d of its audit log is another: what was written there stands at %d; compare it with a backup, and find out who reordered it", place, stands)}, nil
		}
	}
	return fault, nil
}

// end is the verdict where the log has no further entry.
func (p *auditProver) end(head AuditHead) AuditVerdict {
	switch {
	case !head.is(p.last):
		return p.verdict(headFault(p.last, head).behind(p.last))
	case p.noted.Seq > p.last.Seq:
		return p.verdict(chainFault{AuditCut, fmt.Sprintf(
			"its audit log ends with entry %d, and entry %d was there when its head was noted: its tail was cut, or an older backup restored; find out who did it",
			p.last.Seq, p.noted.Seq)}.behind(p.last))
	}
	return AuditVerdict{AuditProof: AuditProof{VerifiedTo: p.last.Seq}, End: p.last, Whole: true}
}

func (p *auditProver) verdict(proof AuditProof) AuditVerdict {
	return AuditVerdict{AuditProof: proof, End: p.last}
}
