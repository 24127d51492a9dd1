package store

import (
	"context"
	"fmt"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/pki"
	"github.com/segue-project/segue/internal/store/db"
)

// LoadKeyset returns a wrapped keyset and the revision to save the next one
// over; app.ErrNotFound where none of the name was saved.
func (s *Store) LoadKeyset(ctx context.Context, name string) (wrapped []byte, revision int64, err error) {
	err = s.read(ctx, func(r reader) error {
		row, err := r.q.Keyset(ctx, name)
		wrapped, revision = row.Wrapped, row.Revision
		return readError("keyset "+name, err)
	})
	return wrapped, revision, err
}

// SaveKeyset replaces the keyset of ifRevision, or inserts one where ifRevision
// is 0; app.ErrExists where somebody else was faster: load it again.
func (s *Store) SaveKeyset(ctx context.Context, name string, wrapped []byte, ifRevision int64) error {
	return s.write(ctx, func(t *tx) error {
		if ifRevision == 0 {
			return t.writeError("keyset "+name, t.q.InsertKeyset(ctx, db.InsertKeysetParams{Name: name, Wrapped: wrapped}))
		}
		n, err := t.q.ReplaceKeyset(ctx, db.ReplaceKeysetParams{Name: name, Wrapped: wrapped, IfRevision: ifRevision})
		if err == nil && n == 0 {
			return fmt.Errorf("keyset %s of another revision: %w", name, app.ErrExists)
		}
		return t.writeError("keyset "+name, err)
	})
}

// SealedRows reads what is sealed at the moment; destroyed secrets are not among it.
func (s *Store) SealedRows(ctx context.Context, p app.Purpose, afterOwner int64, afterNumber, limit int) ([]app.SealedRow, error) {
	var list []app.SealedRow
	err := s.read(ctx, func(r reader) (err error) {
		switch p {
		case app.SealUserKey:
			list, err = r.sealedUserKeys(ctx, afterOwner, afterNumber, limit)
		case app.SealPassword:
			list, err = r.sealedPasswords(ctx, afterOwner, limit)
		case app.SealCAKey:
			list, err = r.sealedCAKeys(ctx, afterOwner, limit)
		case app.SealChannelURL, app.SealChannelSecret:
			list, err = r.sealedChannels(ctx, p, afterOwner, limit)
		default:
			err = fmt.Errorf("no secrets are sealed for purpose %q", p)
		}
		return readError("sealed secrets", err)
	})
	return list, err
}

func (r reader) sealedUserKeys(ctx context.Context, afterOwner int64, afterNumber, limit int) ([]app.SealedRow, error) {
	rows, err := r.q.SealedUserKeys(ctx, db.SealedUserKeysParams{UserID: afterOwner, Number: int32(afterNumber), Limit: int32(limit)})
	if err != nil {
		return nil, err
	}
	return convertAll(rows, func(row db.SealedUserKeysRow) (app.SealedRow, error) {
		return app.SealedRow{
			Purpose: app.SealUserKey, ProjectID: row.ProjectID, OwnerID: row.UserID, ID: pki.SerialHex(row.Serial),
			Number: int(row.Number), Sealed: row.SealedKey,
		}, nil
	})
}

func (r reader) sealedPasswords(ctx context.Context, afterOwner int64, limit int) ([]app.SealedRow, error) {
	rows, err := r.q.SealedPasswords(ctx, db.SealedPasswordsParams{After: afterOwner, Limit: int32(limit)})
	if err != nil {
		return nil, err
	}
	return convertAll(rows, func(row db.SealedPasswordsRow) (app.SealedRow, error) {
		return app.SealedRow{
			Purpose: app.SealPassword, ProjectID: row.ProjectID, OwnerID: row.ID, ID: app.PasswordID, Sealed: row.SealedPassword,
		}, nil
	})
}

func (r reader) sealedCAKeys(ctx context.Context, afterOwner int64, limit int) ([]app.SealedRow, error) {
	rows, err := r.q.SealedCAKeys(ctx, db.SealedCAKeysParams{After: afterOwner, Limit: int32(limit)})
	if err != nil {
		return nil, err
	}
	return convertAll(rows, func(row db.SealedCAKeysRow) (app.SealedRow, error) {
		return app.SealedRow{
			Purpose: app.SealCAKey, ProjectID: row.ProjectID, OwnerID: row.ID, ID: app.CAKeyID(row.ID), Sealed: row.SealedKey,
		}, nil
	})
}

// ReplaceSealed runs in one transaction.
func (s *Store) ReplaceSealed(ctx context.Context, rows []app.SealedRow, old [][]byte) error {
	if len(rows) != len(old) {
		return fmt.Errorf("replace sealed secrets: %d new ones for %d old ones", len(rows), len(old))
	}
	return s.write(ctx, func(t *tx) error {
		for i, row := range rows {
			if err := t.replaceSealed(ctx, row, old[i]); err != nil {
				return t.writeError("sealed secret", err)
			}
		}
		return nil
	})
}

func (t *tx) replaceSealed(ctx context.Context, row app.SealedRow, old []byte) error {
	switch row.Purpose {
	case app.SealUserKey:
		return t.q.ReplaceUserKey(ctx, db.ReplaceUserKeyParams{
			UserID: row.OwnerID, Number: int32(row.Number), Sealed: row.Sealed, Old: old,
		})
	case app.SealPassword:
		return t.q.ReplacePassword(ctx, db.ReplacePasswordParams{ID: row.OwnerID, Sealed: row.Sealed, Old: old})
	case app.SealCAKey:
		return t.q.ReplaceCAKey(ctx, db.ReplaceCAKeyParams{ID: row.OwnerID, Sealed: row.Sealed, Old: old})
	case app.SealChannelURL:
		return t.q.ReplaceChannelURL(ctx, db.ReplaceChannelURLParams{ID: row.OwnerID, Sealed: row.Sealed, Old: old})
	case app.SealChannelSecret:
		return t.q.ReplaceChannelSecret(ctx, db.ReplaceChannelSecretParams{ID: row.OwnerID, Sealed: row.Sealed, Old: old})
	}
	return fmt.Errorf("no secrets are sealed for purpose %q", row.Purpose)
}
