package app

import (
	"context"
	"fmt"
)

// ResealReport counts what a reseal did.
type ResealReport struct {
	Looked, Resealed int
}

// Reseal seals every secret again whose key is not the primary any more, in
// pages, beside running replicas: a row that changes meanwhile is left alone and
// found by the next pass. It ends when a pass finds nothing left.
func (a *App) Reseal(ctx context.Context, needs func(sealed []byte) bool, progress func(ResealReport)) (ResealReport, error) {
	var report ResealReport
	for {
		before := report.Resealed
		report.Looked = 0
		for _, p := range []Purpose{SealCAKey, SealPassword, SealUserKey, SealChannelURL, SealChannelSecret} {
			if err := a.resealPurpose(ctx, p, needs, &report, progress); err != nil {
				return report, fmt.Errorf("reseal %s: %w", p, err)
			}
		}
		if report.Resealed == before {
			return report, nil
		}
	}
}

func (a *App) resealPurpose(ctx context.Context, p Purpose, needs func([]byte) bool, report *ResealReport, progress func(ResealReport)) error {
	var owner int64
	number := -1
	for {
		rows, err := a.Resealer.SealedRows(ctx, p, owner, number, usersRead)
		if err != nil || len(rows) == 0 {
			return err
		}
		report.Looked += len(rows)
		owner, number = rows[len(rows)-1].OwnerID, rows[len(rows)-1].Number
		var again []SealedRow
		var old [][]byte
		for _, row := range rows {
			if !needs(row.Sealed) {
				continue
			}
			old = append(old, row.Sealed)
			if row.Sealed, err = a.resealRow(ctx, row); err != nil {
				return err
			}
			again = append(again, row)
		}
		if err := a.Resealer.ReplaceSealed(ctx, again, old); err != nil {
			return err
		}
		report.Resealed += len(again)
		if progress != nil {
			progress(*report)
		}
	}
}

func (a *App) resealRow(ctx context.Context, row SealedRow) ([]byte, error) {
	secret, err := a.Custody.Open(ctx, row.Purpose, row.ProjectID, row.OwnerID, row.ID, row.Sealed)
	if err != nil {
		return nil, err
	}
	return a.Custody.Seal(ctx, row.Purpose, row.ProjectID, row.OwnerID, row.ID, secret)
}
