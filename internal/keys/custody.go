package keys

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/mac"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/segue-project/segue/internal/app"
)

// Custody seals secrets and authenticates the audit chain with the keysets of
// one store. It is safe for concurrent use, and sealing takes no lock. Open and
// VerifyMAC may read the keyset from the store, so do not call them inside a
// write transaction on SQLite.
type Custody struct {
	seal  *keyring[tink.AEAD]
	audit *keyring[tink.MAC]
}

var _ app.Custody = (*Custody)(nil)

// Open loads the keysets of a store, and makes them where it is empty, as
// OpenKeyFile was told. A key file of another store is an error of one line.
func Open(ctx context.Context, ks Keysets, kf *KeyFile) (*Custody, error) {
	c := &Custody{
		seal:  newKeyring("seal", aead.AES256GCMKeyTemplate(), aead.New, ks, kf),
		audit: newKeyring("audit", mac.HMACSHA256Tag256KeyTemplate(), mac.New, ks, kf),
	}
	if err := c.audit.open(ctx); err != nil {
		return nil, err
	}
	if err := c.seal.open(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// Seal encrypts a secret for its place in the store.
func (c *Custody) Seal(_ context.Context, p app.Purpose, projectID, ownerID int64, id string, secret []byte) ([]byte, error) {
	sealed, err := c.seal.current.Load().primitive.Encrypt(secret, secretData(p, projectID, ownerID, id))
	if err != nil {
		return nil, fmt.Errorf("seal a %s: %w", p, err)
	}
	return sealed, nil
}

// Open decrypts a secret that was sealed for this very place.
func (c *Custody) Open(ctx context.Context, p app.Purpose, projectID, ownerID int64, id string, sealed []byte) ([]byte, error) {
	v, err := c.seal.knowing(ctx, sealed)
	if err != nil {
		return nil, fmt.Errorf("open a sealed %s: %w", p, err)
	}
	secret, err := v.primitive.Decrypt(sealed, secretData(p, projectID, ownerID, id))
	if err != nil {
		return nil, fmt.Errorf("open a sealed %s: it is damaged or was moved from another row", p)
	}
	return secret, nil
}

// MAC authenticates data for the audit chain.
func (c *Custody) MAC(_ context.Context, data []byte) ([]byte, error) {
	tag, err := c.audit.current.Load().primitive.ComputeMAC(data)
	if err != nil {
		return nil, fmt.Errorf("authenticate an audit entry: %w", err)
	}
	return tag, nil
}

// VerifyMAC checks what MAC gave, by this key or an older one.
func (c *Custody) VerifyMAC(ctx context.Context, data, tag []byte) error {
	v, err := c.audit.knowing(ctx, tag)
	if err != nil {
		return fmt.Errorf("verify an audit entry: %w", err)
	}
	if err := v.primitive.VerifyMAC(tag, data); err != nil {
		return errors.New("verify an audit entry: it is not what was written")
	}
	return nil
}

// Refresh rereads the keysets, so that this process seals with the newest key.
func (c *Custody) Refresh(ctx context.Context) error {
	return errors.Join(c.seal.refresh(ctx), c.audit.refresh(ctx))
}

// RotateSeal makes a new key for sealing. What older keys sealed opens as before;
// NeedsReseal tells it.
func (c *Custody) RotateSeal(ctx context.Context) error { return c.seal.rotate(ctx) }

// RotateAudit makes a new key for the audit chain. Older entries verify as before.
func (c *Custody) RotateAudit(ctx context.Context) error { return c.audit.rotate(ctx) }

// NeedsReseal reports whether a secret was sealed by another key than the primary.
func (c *Custody) NeedsReseal(sealed []byte) bool {
	id, ok := keyID(sealed)
	return !ok || id != c.seal.current.Load().primary
}

// KeyInfo describes a key without its secret.
type KeyInfo struct {
	Keyset  string // "seal" or "audit"
	ID      uint32
	Primary bool   // makes what is new; the others open and verify what is old
	Status  string // "enabled"
}

// KeyIDs lists the keys of both keysets, oldest first, as last read.
func (c *Custody) KeyIDs() []KeyInfo { return append(c.seal.infos(), c.audit.infos()...) }

func (r *keyring[P]) infos() []KeyInfo {
	var infos []KeyInfo
	v := r.current.Load()
	for _, k := range v.handle.KeysetInfo().GetKeyInfo() {
		infos = append(infos, KeyInfo{
			Keyset: r.name, ID: k.GetKeyId(), Primary: k.GetKeyId() == v.primary,
			Status: strings.ToLower(k.GetStatus().String()),
		})
	}
	return infos
}

// secretData is the associated data of a secret: row ids, never names, so that a
// rename opens and a row swapped into another's place does not.
func secretData(p app.Purpose, projectID, ownerID int64, id string) []byte {
	b := make([]byte, 0, 128)
	b = append(b, "segue/v1/"...)
	b = append(append(b, p...), '/')
	b = append(strconv.AppendInt(b, projectID, 10), '/')
	b = append(strconv.AppendInt(b, ownerID, 10), '/')
	return append(b, id...)
}
