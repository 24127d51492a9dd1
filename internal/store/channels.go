package store

import (
	"context"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/store/db"
)

func (r reader) Channels(ctx context.Context, projectID int64) ([]app.Channel, error) {
	rows, err := r.q.Channels(ctx, projectID)
	if err != nil {
		return nil, readError("channels", err)
	}
	return convertAll(rows, channel)
}

func (r reader) Channel(ctx context.Context, projectID int64, name string) (app.Channel, error) {
	row, err := r.q.Channel(ctx, db.ChannelParams{ProjectID: projectID, Name: name})
	if err != nil {
		return app.Channel{}, readError("channel", err)
	}
	return channel(row)
}

func (r reader) ChannelByID(ctx context.Context, id int64) (app.Channel, error) {
	row, err := r.q.ChannelByID(ctx, id)
	if err != nil {
		return app.Channel{}, readError("channel", err)
	}
	return channel(row)
}

func channel(c db.Channel) (app.Channel, error) {
	return app.Channel{
		ID: c.ID, ProjectID: c.ProjectID, Kind: app.ChannelKind(c.Kind), Name: c.Name,
		SealedURL: c.SealedUrl, SealedSecret: c.SealedSecret, CreatedAt: fromMillis(c.CreatedAt),
	}, nil
}

func (t *tx) InsertChannel(ctx context.Context, c app.Channel) error {
	return t.writeError("channel", t.q.InsertChannel(ctx, db.InsertChannelParams{
		ID: c.ID, ProjectID: c.ProjectID, Kind: string(c.Kind), Name: c.Name,
		SealedUrl: c.SealedURL, SealedSecret: c.SealedSecret, CreatedAt: c.CreatedAt.UnixMilli(),
	}))
}

// DeleteChannel leaves the messages of the channel, for people to look up.
func (t *tx) DeleteChannel(ctx context.Context, id int64) error {
	if err := t.q.DropMessagesOf(ctx, id); err != nil {
		return t.writeError("messages of a channel", err)
	}
	n, err := t.q.DeleteChannel(ctx, id)
	return t.changedOne("channel", n, err)
}

// sealedChannels reads the URLs or the secrets of channels.
func (r reader) sealedChannels(ctx context.Context, p app.Purpose, afterOwner int64, limit int) ([]app.SealedRow, error) {
	if p == app.SealChannelURL {
		rows, err := r.q.SealedChannelURLs(ctx, db.SealedChannelURLsParams{After: afterOwner, Limit: int32(limit)})
		if err != nil {
			return nil, err
		}
		return convertAll(rows, func(row db.SealedChannelURLsRow) (app.SealedRow, error) {
			return app.SealedRow{Purpose: p, ProjectID: row.ProjectID, OwnerID: row.ID, ID: app.ChannelURLID, Sealed: row.SealedUrl}, nil
		})
	}
	rows, err := r.q.SealedChannelSecrets(ctx, db.SealedChannelSecretsParams{After: afterOwner, Limit: int32(limit)})
	if err != nil {
		return nil, err
	}
	return convertAll(rows, func(row db.SealedChannelSecretsRow) (app.SealedRow, error) {
		return app.SealedRow{Purpose: p, ProjectID: row.ProjectID, OwnerID: row.ID, ID: app.ChannelSecretID, Sealed: row.SealedSecret}, nil
	})
}
