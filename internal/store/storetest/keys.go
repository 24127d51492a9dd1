package storetest

import (
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/pki"
)

var keyTests = []test{
	{"keysets", func(f *fixture) {
		_, _, err := f.store.LoadKeyset(f.ctx, "secrets")
		f.is(err, app.ErrNotFound)
		f.is(f.store.SaveKeyset(f.ctx, "secrets", []byte("one"), 7), app.ErrExists)
		f.must(f.store.SaveKeyset(f.ctx, "secrets", []byte("one"), 0))
		f.must(f.store.SaveKeyset(f.ctx, "audit", []byte("other"), 0))
		f.is(f.store.SaveKeyset(f.ctx, "secrets", []byte("two"), 0), app.ErrExists)
		wrapped, revision, err := f.store.LoadKeyset(f.ctx, "secrets")
		f.must(err)
		f.same("keyset", string(wrapped), "one")
		f.must(f.store.SaveKeyset(f.ctx, "secrets", []byte("two"), revision))
		f.is(f.store.SaveKeyset(f.ctx, "secrets", []byte("three"), revision), app.ErrExists)
		wrapped, next, err := f.store.LoadKeyset(f.ctx, "secrets")
		f.must(err)
		f.same("keyset", string(wrapped), "two")
		f.same("revision moved", next > revision, true)
	}},
	{"sealed secrets", testSealedSecrets},
	{"secrets that change while they are sealed again", func(f *fixture) {
		u := f.newUser("reader", start)
		f.newUser("gone", start)
		row := f.sealed(app.SealPassword, 10)[0]
		newer := randomBytes(40)
		f.write(func(tx app.Tx) error { return tx.SetPassword(f.ctx, u.ID, newer) })
		old := row.Sealed
		row.Sealed = randomBytes(40)
		f.must(f.store.ReplaceSealed(f.ctx, []app.SealedRow{row}, [][]byte{old}))
		f.same("password", f.user("reader").SealedPassword, newer)

		keys := f.sealed(app.SealUserKey, 10)
		gone := f.deleteUser("gone", start)
		old = keys[1].Sealed
		f.same("owner", keys[1].OwnerID, gone.ID)
		keys[1].Sealed = randomBytes(40)
		f.must(f.store.ReplaceSealed(f.ctx, keys[1:], [][]byte{old}))
		f.same("key of a deleted user", f.inspected(gone.ID).Pairs[0].SealedKey, []byte(nil))
		f.same("secrets of a deleted user", len(f.sealed(app.SealUserKey, 10))+len(f.sealed(app.SealPassword, 10)), 2)
		if err := f.store.ReplaceSealed(f.ctx, keys, nil); err == nil {
			f.Error("secrets without what they were before were replaced")
		}
	}},
}

func testSealedSecrets(f *fixture) {
	want := map[app.Purpose][]app.SealedRow{
		app.SealCAKey: {{Purpose: app.SealCAKey, ProjectID: f.project.ID, OwnerID: f.ca.ID, ID: app.CAKeyID(f.ca.ID), Sealed: f.ca.SealedKey}},
	}
	for i := range 3 {
		name := fmt.Sprintf("user-%d", i)
		u := f.newUser(name, start)
		want[app.SealPassword] = append(want[app.SealPassword], app.SealedRow{
			Purpose: app.SealPassword, ProjectID: f.project.ID, OwnerID: u.ID, ID: app.PasswordID, Sealed: u.SealedPassword,
		})
		for _, pair := range []app.Pair{u.Current, f.renew(name, start.Add(725*day)).Current} {
			want[app.SealUserKey] = append(want[app.SealUserKey], app.SealedRow{
				Purpose: app.SealUserKey, ProjectID: f.project.ID, OwnerID: u.ID, ID: pki.SerialHex(pair.Serial),
				Number: pair.Generation, Sealed: pair.SealedKey,
			})
		}
	}
	for purpose, rows := range want {
		for _, limit := range []int{1, 2, 10} {
			f.same(string(purpose), f.sealed(purpose, limit), rows)
		}
		old := make([][]byte, len(rows))
		for i := range rows {
			old[i] = rows[i].Sealed
			rows[i].Sealed = randomBytes(50)
		}
		f.must(f.store.ReplaceSealed(f.ctx, rows, old))
		f.same(string(purpose)+" sealed again", f.sealed(purpose, 10), rows)
	}
	f.same("current pair", f.user("user-0").Current.SealedKey, want[app.SealUserKey][1].Sealed)
	f.same("the rest of the user", f.user("user-0").Facts.Current().NotAfter, start.Add((725+820)*day).Truncate(time.Second))
	if _, err := f.store.SealedRows(f.ctx, "nothing", 0, 0, 1); err == nil {
		f.Error("an unknown purpose has secrets")
	}
}

// sealed reads all pages, starting before the first number of the first owner.
func (f *fixture) sealed(p app.Purpose, limit int) []app.SealedRow {
	f.Helper()
	var all []app.SealedRow
	for owner, number := int64(0), -1; ; {
		page, err := f.store.SealedRows(f.ctx, p, owner, number, limit)
		f.must(err)
		if len(page) == 0 {
			return all
		}
		if len(page) > limit {
			f.Fatalf("%d rows, limit %d", len(page), limit)
		}
		all = append(all, page...)
		owner, number = page[len(page)-1].OwnerID, page[len(page)-1].Number
	}
}
