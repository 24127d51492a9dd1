package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/app"
)

func errorIs(err, want error) bool { return errors.Is(err, want) }

var accountTests = []test{
	{"accounts", func(f *fixture) {
		a := app.Account{ID: id(), Email: "ann@example.org", RealName: "Ann Ö.", PasswordHash: "$argon2id$", Administrator: true, CreatedAt: start}
		empty, err := f.store.Empty(f.ctx)
		f.must(err)
		f.same("empty before the first account", empty, true)
		f.write(func(tx app.Tx) error { return tx.InsertAccount(f.ctx, a) })
		empty, err = f.store.Empty(f.ctx)
		f.must(err)
		f.same("empty after it", empty, false)
		f.read(func(r app.Reader) error {
			got, err := r.Account(f.ctx, a.ID)
			f.must(err)
			f.same("account by id", got, a)
			got, err = r.AccountByEmail(f.ctx, a.Email)
			f.must(err)
			f.same("account by email", got, a)
			n, err := r.CountAccounts(f.ctx)
			f.must(err)
			f.same("accounts", n, 1)
			_, err = r.Account(f.ctx, id())
			f.is(err, app.ErrNotFound)
			_, err = r.AccountByEmail(f.ctx, "bob@example.org")
			f.is(err, app.ErrNotFound)
			return nil
		})
		b := a
		b.ID = id()
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertAccount(f.ctx, b) }), app.ErrExists)
	}},
	{"sessions", testSessions},
	{"set-up links", testSetupLinks},
	{"tokens", func(f *fixture) {
		a := app.Account{ID: id(), Email: "ann@example.org", CreatedAt: start}
		k := app.Token{
			ID: id(), AccountID: a.ID, Kind: app.BearerToken, Hash: hashOf(1), Prefix: "sgu_abc", Description: "laptop", CreatedAt: start, ExpiresAt: start.Add(day),
			MaxAge: day, ExtendWhenUsed: true,
		}
		f.write(func(tx app.Tx) error {
			f.must(tx.InsertAccount(f.ctx, a))
			return tx.InsertToken(f.ctx, k)
		})
		f.same("token", f.token(k.Hash), k)

		used := start.Add(time.Hour)
		f.write(func(tx app.Tx) error {
			return tx.TouchToken(f.ctx, k.ID, used, "192.0.2.1", "curl\xff/8\x00", start.Add(2*day))
		})
		k.ExpiresAt = start.Add(2 * day)
		k.LastUsedAt, k.LastIP, k.LastUserAgent = used, "192.0.2.1", "curl\uFFFD/8\uFFFD"
		f.same("touched token", f.token(k.Hash), k)

		revoked := start.Add(2 * time.Hour)
		f.write(func(tx app.Tx) error { return tx.RevokeToken(f.ctx, k.ID, revoked) })
		f.write(func(tx app.Tx) error { return tx.RevokeToken(f.ctx, k.ID, revoked.Add(time.Hour)) })
		k.RevokedAt = revoked
		f.same("token revoked twice", f.token(k.Hash), k)

		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.TouchToken(f.ctx, id(), used, "", "", used) }), app.ErrNotFound)
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.RevokeToken(f.ctx, id(), used) }), app.ErrNotFound)
		f.is(f.store.Read(f.ctx, func(r app.Reader) error { _, err := r.TokenByHash(f.ctx, hashOf(2)); return err }), app.ErrNotFound)
		again := k
		again.ID = id()
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.InsertToken(f.ctx, again) }), app.ErrExists)
	}},
	{"tokens of an account", func(f *fixture) {
		a, b := app.Account{ID: id(), Email: "ann@example.org", CreatedAt: start}, app.Account{ID: id(), Email: "bob@example.org", CreatedAt: start}
		now := start.Add(time.Hour)
		put := func(account int64, n int64, prefix string, created, expires time.Time) app.Token {
			k := app.Token{ID: id(), AccountID: account, Kind: app.BearerToken, Hash: hashOf(n), Prefix: prefix, CreatedAt: created, ExpiresAt: expires}
			f.write(func(tx app.Tx) error { return tx.InsertToken(f.ctx, k) })
			return k
		}
		f.write(func(tx app.Tx) error {
			f.must(tx.InsertAccount(f.ctx, a))
			return tx.InsertAccount(f.ctx, b)
		})
		first := put(a.ID, 1, "sgu_a", start, time.Time{})
		second := put(a.ID, 2, "sgu_b", start, now) // good at its very end
		third := put(a.ID, 3, "sgu_b", start.Add(time.Minute), start.Add(day))
		put(a.ID, 4, "sgu_a", start, now.Add(-time.Second)) // expired
		put(b.ID, 5, "sgu_a", start, time.Time{})           // somebody else's
		gone := put(a.ID, 6, "sgu_a", start, time.Time{})
		f.write(func(tx app.Tx) error { return tx.RevokeToken(f.ctx, gone.ID, start) })
		f.write(func(tx app.Tx) error { // a browser's
			return tx.InsertToken(f.ctx, app.Token{
				ID: id(), AccountID: a.ID, Kind: app.SessionToken, Hash: hashOf(7), Prefix: "sgu_a", CreatedAt: start, LastUsedAt: start, ExpiresAt: start.Add(day),
			})
		})
		f.read(func(r app.Reader) error {
			page, err := r.Tokens(f.ctx, a.ID, app.TokenCursor{}, now, 2)
			f.must(err)
			f.same("newest first", page, []app.Token{third, second})
			page, err = r.Tokens(f.ctx, a.ID, app.TokenCursor{CreatedAt: second.CreatedAt, ID: second.ID}, now, 2)
			f.must(err)
			f.same("the page after", page, []app.Token{first})
			n, err := r.CountTokens(f.ctx, a.ID, now)
			f.must(err)
			f.same("how many", n, 3)
			page, err = r.TokensByPrefix(f.ctx, a.ID, "sgu_a", now)
			f.must(err)
			f.same("by prefix", page, []app.Token{first})
			page, err = r.TokensByPrefix(f.ctx, a.ID, "sgu_b", now)
			f.must(err)
			f.same("two of a prefix", len(page), 2)
			page, err = r.TokensByPrefix(f.ctx, a.ID, "sgu_", now)
			f.must(err)
			f.same("of a part of the prefix", len(page), 0)
			return nil
		})
		f.write(func(tx app.Tx) error { return tx.SetTokenDescription(f.ctx, first.ID, "nightly") })
		first.Description = "nightly"
		f.same("described", f.token(first.Hash), first)
		f.is(f.store.Write(f.ctx, func(tx app.Tx) error { return tx.SetTokenDescription(f.ctx, id(), "") }), app.ErrNotFound)
	}},
	{"roles", func(f *fixture) {
		a := app.Account{ID: id(), Email: "ann@example.org", CreatedAt: start}
		f.write(func(tx app.Tx) error { return tx.InsertAccount(f.ctx, a) })
		f.is(f.store.Read(f.ctx, func(r app.Reader) error { _, err := r.Role(f.ctx, f.project.ID, a.ID); return err }), app.ErrNotFound)
		for _, role := range []app.Role{app.RoleDeveloper, app.RoleAdmin} {
			f.write(func(tx app.Tx) error { return tx.SetRole(f.ctx, f.project.ID, a.ID, role, start) })
			f.read(func(r app.Reader) error {
				got, err := r.Role(f.ctx, f.project.ID, a.ID)
				f.must(err)
				f.same("role", got, role)
				return nil
			})
		}
	}},
}

func testSessions(f *fixture) {
	ann, bob := f.newAccount("ann@example.org"), f.newAccount("bob@example.org")
	now := start.Add(day)
	session := func(n int64, owner app.Account, change func(*app.Token)) app.Token {
		k := app.Token{
			ID: id(), AccountID: owner.ID, Kind: app.SessionToken, Hash: hashOf(n), Prefix: "sgu_abc", CreatedAt: start.Add(time.Duration(n) * time.Minute),
			ExpiresAt: now, LastUsedAt: start, LastIP: fmt.Sprintf("192.0.2.%d", n), LastUserAgent: "browser",
		}
		change(&k)
		f.write(func(tx app.Tx) error { return tx.InsertToken(f.ctx, k) })
		return k
	}
	asIs := func(*app.Token) {}
	first := session(1, ann, asIs)
	session(2, ann, func(k *app.Token) { k.Kind = app.BearerToken })
	session(3, ann, func(k *app.Token) { k.RevokedAt = start })
	session(4, ann, func(k *app.Token) { k.ExpiresAt = now.Add(-time.Millisecond) })
	session(5, ann, func(k *app.Token) { k.LastUsedAt = start.Add(-time.Millisecond) })
	second := session(6, ann, asIs)
	session(7, bob, asIs)
	f.read(func(r app.Reader) error {
		for limit, want := range map[int][]app.Token{10: {second, first}, 1: {second}} {
			live, err := r.Sessions(f.ctx, ann.ID, now, start, limit)
			f.must(err)
			f.same("live sessions", live, want)
		}
		addresses, err := r.SignInAddresses(f.ctx, ann.ID, 4)
		f.must(err)
		f.same("addresses", addresses, []string{"192.0.2.6", "192.0.2.5", "192.0.2.4", "192.0.2.3"})
		return nil
	})
}

func testSetupLinks(f *fixture) {
	link := func(n int64) app.SetupLink {
		return app.SetupLink{TokenHash: hashOf(n), Email: "ann@example.org", CreatedAt: start, ExpiresAt: start.Add(day)}
	}
	found := func(n int64) (l app.SetupLink, err error) {
		err = f.store.Read(f.ctx, func(r app.Reader) (err error) {
			l, err = r.SetupLink(f.ctx, hashOf(n))
			return err
		})
		return l, err
	}
	for n := range int64(2) {
		f.write(func(tx app.Tx) error { return tx.SetSetupLink(f.ctx, link(n)) })
		got, err := found(n)
		f.must(err)
		f.same("set-up link", got, link(n))
	}
	_, err := found(0)
	f.is(err, app.ErrNotFound) // replaced
	f.write(func(tx app.Tx) error { return tx.DeleteSetupLinks(f.ctx) })
	f.write(func(tx app.Tx) error { return tx.DeleteSetupLinks(f.ctx) })
	_, err = found(1)
	f.is(err, app.ErrNotFound)
}

func (f *fixture) token(hash []byte) app.Token {
	f.Helper()
	var k app.Token
	f.read(func(r app.Reader) (err error) {
		k, err = r.TokenByHash(f.ctx, hash)
		return err
	})
	return k
}
