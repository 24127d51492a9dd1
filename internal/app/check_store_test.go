package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
	"github.com/segue-project/segue/internal/pki"
)

// check runs CheckStore in a fresh process, as far as caches go.
func (f *fixture) check() []app.Violation {
	f.t.Helper()
	return f.checkWith(app.New(f.Config))
}

func (f *fixture) checkWith(a *app.App) []app.Violation {
	f.t.Helper()
	var found []app.Violation
	f.must(a.CheckStore(f.ctx, f.now, func(v app.Violation) { found = append(found, v) }))
	return found
}

// named demands that found is exactly what want names: each as "invariant
// subject: part of the message".
func (f *fixture) named(found []app.Violation, want ...string) {
	f.t.Helper()
	for _, w := range want {
		head, part, _ := strings.Cut(w, ": ")
		i := slices.IndexFunc(found, func(v app.Violation) bool {
			return fmt.Sprintf("%d %s", v.Invariant, v.Subject) == head && strings.Contains(v.Message, part)
		})
		if i < 0 {
			f.t.Errorf("not named: %s", w)
			continue
		}
		found = slices.Delete(found, i, i+1)
	}
	for _, v := range found {
		f.t.Errorf("named besides: %d %s: %s", v.Invariant, v.Subject, v.Message)
	}
}

// exec changes rows behind the back of the use cases.
func (f *fixture) exec(query string, args ...any) {
	f.t.Helper()
	result, err := f.store.Writer().ExecContext(f.ctx, query, args...)
	if err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		f.t.Fatalf("%s changed %d rows (%v)", query, n, err)
	}
}

// ask reads one value.
func ask[T any](f *fixture, query string, args ...any) T {
	f.t.Helper()
	var value T
	if err := f.store.Writer().QueryRowContext(f.ctx, query, args...).Scan(&value); err != nil {
		f.t.Fatalf("%s: %v", query, err)
	}
	return value
}

// id of a service user; names are taken once in the store of lived.
func (f *fixture) id(user string) int64 {
	f.t.Helper()
	return ask[int64](f, `SELECT id FROM users WHERE name = $1`, user)
}

// lived plays four years with something of everything, by the use cases alone.
// It ends at a moment when nothing is due, with an acknowledgement as the newest
// audit entry of project acme.
//
//	ada    renewed twice, never acknowledged; current 3
//	bob    renewed twice, the first time acknowledged; current 3
//	carl   renewed, reset, renewed and that acknowledged; current 4
//	dora   renewed, deleted; last 2
//	greta  renewed, reset three times, renewed; current 6
//	orders has a broker kit, old is deleted, clicks and beta/logs have nobody but avnadmin
func lived(f *fixture) {
	f.t.Helper()
	_, err := f.FirstAdministrator(f.ctx, "root@example.com", "correct horse battery", f.now)
	f.must(err)
	f.service()
	for _, name := range []string{"clicks", "old"} {
		_, err := f.CreateService(f.ctx, f.admin, "acme", app.NewService{Name: name}, f.now)
		f.must(err)
	}
	_, err = f.CreateProject(f.ctx, f.admin, app.NewProject{Name: "beta", TechEmails: []string{"logs@example.com"}}, f.now)
	f.must(err)
	_, err = f.CreateService(f.ctx, f.admin, "beta", app.NewService{Name: "logs"}, f.now)
	f.must(err)
	for _, name := range []string{"ada", "bob", "carl", "dora", "greta"} {
		f.createUser(name)
	}
	f.now = f.now.Add(731 * day)
	f.sweep()
	f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "bob", 2, f.now))
	for i, name := range []string{"carl", "greta", "greta", "greta"} {
		_, err := f.ResetCredentials(f.ctx, f.admin, "acme", "orders", name, "", f.now.Add(time.Duration(i)*time.Minute))
		f.must(err)
	}
	_, err = f.DeleteUser(f.ctx, f.admin, "acme", "orders", "dora", f.now)
	f.must(err)
	_, err = f.DeleteService(f.ctx, f.admin, "acme", "old", f.now)
	f.must(err)
	_, err = f.BrokerKit(f.ctx, f.admin, "acme", "orders", app.KitRequest{Brokers: []app.KitBroker{{ID: 1, Host: "kafka1.example.com"}}}, f.now.Add(3*day))
	f.must(err)
	f.now = f.now.Add(731 * day)
	f.sweep()
	_, _, err = f.SignIn(f.ctx, "root@example.com", "correct horse battery", "127.0.0.1", "test", f.now)
	f.must(err)
	f.must(f.AcknowledgeRenewal(f.ctx, f.admin, "acme", "orders", "carl", 4, f.now))
}

// damage is something that no use case does, and what CheckStore must say of it.
type damage struct {
	name string
	do   func(f *fixture)
	want []string
}

// by runs statements, each with the ids of the users named behind it.
func by(query string, users ...string) func(*fixture) {
	return func(f *fixture) {
		var args []any
		for _, u := range users {
			args = append(args, f.id(u))
		}
		f.exec(query, args...)
	}
}

// swapBytes swaps a column of bytes between two rows of a table.
func swapBytes(table, column, where string, a, b []any) func(*fixture) {
	return func(f *fixture) {
		get := fmt.Sprintf("SELECT %s FROM %s WHERE %s", column, table, where)
		first, second := ask[[]byte](f, get, a...), ask[[]byte](f, get, b...)
		f.set(table, column, where, second, a...)
		f.set(table, column, where, first, b...)
	}
}

// set writes a value; the conditions of where begin with $1.
func (f *fixture) set(table, column, where string, value any, args ...any) {
	f.t.Helper()
	f.exec(fmt.Sprintf("UPDATE %s SET %s = $%d WHERE %s", table, column, len(args)+1, where), append(args, value)...)
}

const ofPair = "user_id = $1 AND number = $2"

// pairBytes sets a column of a pair to what value returns.
func pairBytes(column, user string, number int, value func(f *fixture) []byte) func(*fixture) {
	return func(f *fixture) { f.set("generations", column, ofPair, value(f), f.id(user), number) }
}

func bytesOf(b []byte) func(*fixture) []byte { return func(*fixture) []byte { return b } }

// clearKey is the key of a pair as nobody should find it in a store.
func clearKey(f *fixture) []byte {
	cert, key, err := pki.NewAuthority(pki.AuthoritySubject{Project: "acme"}, start, start.Add(day))
	f.must(err)
	if cert == nil {
		f.t.Fatal("no certificate")
	}
	return key
}

func pairColumn(column, user string, number int) func(*fixture) []byte {
	return func(f *fixture) []byte {
		return ask[[]byte](f, "SELECT "+column+" FROM generations WHERE "+ofPair, f.id(user), number)
	}
}

// project is the id of a project.
func (f *fixture) project(name string) int64 {
	f.t.Helper()
	return ask[int64](f, `SELECT id FROM projects WHERE name = $1`, name)
}

func (f *fixture) projectCA(project string) int64 {
	f.t.Helper()
	return ask[int64](f, `SELECT id FROM cas WHERE project_id = $1 AND kind = 'project'`, f.project(project))
}

// audited is the place of a user's entry in the log of acme.
func (f *fixture) auditedAt(action, user string) int64 {
	f.t.Helper()
	return ask[int64](f, `SELECT MIN(seq) FROM audit WHERE project_id = $1 AND action = $2 AND user_name = $3`, f.project("acme"), action, user)
}

func (f *fixture) auditEnd() int64 {
	f.t.Helper()
	return ask[int64](f, `SELECT seq FROM audit_heads WHERE project_id = $1`, f.project("acme"))
}

var generationDamages = []damage{
	{"a generation is missing", by(`DELETE FROM generations WHERE user_id = $1 AND number = 2`, "ada"), []string{
		"1 acme/orders/ada: generation 2 is missing",
		"5 acme/orders/ada: speaks of generation 2, which is not in the store",
	}},
	{"every generation is missing", by(`DELETE FROM generations WHERE user_id = $1`, "ada"), []string{
		"1 acme/orders/ada: has no generation",
		"5 acme/orders/ada: speaks of generation 1,", "5 acme/orders/ada: speaks of generation 2,", "5 acme/orders/ada: speaks of generation 3,",
	}},
	{"the current pair is revoked", by(`UPDATE generations SET revoked_at = 1, sealed_key = NULL WHERE user_id = $1 AND number = 3`, "ada"), []string{
		"1 acme/orders/ada: generation 3 is revoked, but no reset or deletion says why",
	}},
	{"a reset's revocation is gone", by(`UPDATE generations SET revoked_at = NULL WHERE user_id = $1 AND number = 2`, "carl"), []string{
		"1 acme/orders/carl: generation 2 is not revoked although generation 3 came from a reset",
		"2 acme/orders/carl: the key of generation 2 is gone before its time",
	}},
	{"a deletion's revocation is gone", by(`UPDATE generations SET revoked_at = NULL WHERE user_id = $1 AND number = 2`, "dora"), []string{
		"1 acme/orders/dora: generation 2 is not revoked although the user is deleted",
		"2 acme/orders/dora: the key of generation 2 is gone before its time",
	}},
	{"too many pairs live", by(`UPDATE generations SET revoked_at = NULL WHERE user_id = $1 AND number IN (2, 3)`, "greta"), []string{
		"1 acme/orders/greta: 3 pairs besides the current one are valid",
		"1 acme/orders/greta: generation 2 is not revoked", "1 acme/orders/greta: generation 3 is not revoked",
		"2 acme/orders/greta: the key of generation 2 is gone", "2 acme/orders/greta: the key of generation 3 is gone",
	}},
	{"the row names another current generation", by(`UPDATE users SET generation = 2 WHERE id = $1`, "ada"), []string{
		"1 acme/orders/ada: the number of the current generation",
	}},
	{"the row names another end", by(`UPDATE users SET not_after = not_after + 1 WHERE id = $1`, "ada"), []string{
		"1 acme/orders/ada: the end of the current pair",
	}},
	{"no sweep looks at the shard", by(`UPDATE users SET shard = 99 WHERE id = $1`, "ada"), []string{"1 acme/orders/ada: the shard is not"}},
	{"no sweep looks at the shard of a key", by(`UPDATE generations SET shard = 99 WHERE user_id = $1`, "ada"), []string{
		"1 acme/orders/ada: the shard of a pair",
	}},
	{"the service is deleted alone", func(f *fixture) { f.exec(`UPDATE services SET deleted_at = 1 WHERE name = 'clicks'`) }, []string{
		"1 acme/clicks/avnadmin: its service is deleted and the user is not",
	}},
	{"the service moved", func(f *fixture) {
		f.exec(`UPDATE services SET project_id = $1 WHERE name = 'clicks'`, f.project("beta"))
	}, []string{
		"1 acme/clicks/avnadmin: its service belongs to another project",
		"2 beta/clicks: no active cluster CA",
	}},
}

var pairDamages = []damage{
	{"sealed keys of two users swapped", func(f *fixture) {
		swapBytes("generations", "sealed_key", ofPair, []any{f.id("ada"), 3}, []any{f.id("bob"), 3})(f)
	}, []string{
		"2 acme/orders/ada: the key of generation 3 does not open in its place",
		"2 acme/orders/bob: the key of generation 3 does not open in its place",
	}},
	{"sealed keys of one user swapped", func(f *fixture) {
		swapBytes("generations", "sealed_key", ofPair, []any{f.id("ada"), 2}, []any{f.id("ada"), 3})(f)
	}, []string{
		"2 acme/orders/ada: the key of generation 2 does not open in its place",
		"2 acme/orders/ada: the key of generation 3 does not open in its place",
	}},
	{"another user's certificate", pairBytes("cert", "ada", 3, pairColumn("cert", "bob", 3)), []string{
		"2 acme/orders/ada: the certificate of generation 3 is another than its row says",
	}},
	{"another user's name", by(`UPDATE users SET name = 'mallory' WHERE id = $1`, "ada"), []string{
		"2 acme/orders/mallory: generation 1: the certificate is not what the store says in its subject",
		"2 acme/orders/mallory: generation 2: the certificate is not what the store says in its subject",
		"2 acme/orders/mallory: generation 3: the certificate is not what the store says in its subject",
	}},
	{"no certificate", pairBytes("cert", "ada", 3, bytesOf([]byte("garbage"))), []string{
		"2 acme/orders/ada: the certificate of generation 3 cannot be read",
	}},
	{"another serial", pairBytes("serial", "ada", 3, bytesOf([]byte{1})), []string{
		"2 acme/orders/ada: the certificate of generation 3 is another than its row says, by its serial",
		"2 acme/orders/ada: the key of generation 3 does not open",
	}},
	{"another end", by(`UPDATE generations SET not_after = not_after + 1000 WHERE user_id = $1 AND number = 3`, "ada"), []string{
		"1 acme/orders/ada: the end of the current pair",
		"2 acme/orders/ada: the certificate is not what the store says in its end",
		"3 acme/orders/ada: its policy says",
	}},
	{"another project's authority", func(f *fixture) { f.set("generations", "ca_id", ofPair, f.projectCA("beta"), f.id("ada"), 3) }, []string{
		"2 acme/orders/ada: generation 3 is not of an authority of its project",
	}},
	{"an authority that is not there", by(`UPDATE generations SET ca_id = 1 WHERE user_id = $1 AND number = 3`, "ada"), []string{
		"2 acme/orders/ada: generation 3 is not of an authority of its project",
	}},
	{"a key that is not the certificate's", pairBytes("sealed_key", "ada", 3, func(f *fixture) []byte {
		serial := pki.SerialHex(pairColumn("serial", "ada", 3)(f))
		sealed, err := f.Custody.Seal(f.ctx, app.SealUserKey, f.project("acme"), f.id("ada"), serial, clearKey(f))
		f.must(err)
		return sealed
	}), []string{"2 acme/orders/ada: the key of generation 3 is not the one of its certificate"}},
	{"a key gone too early", by(`UPDATE generations SET sealed_key = NULL WHERE user_id = $1 AND number = 3`, "ada"), []string{
		"2 acme/orders/ada: the key of generation 3 is gone before its time",
	}},
	{"a key kept too long", pairBytes("sealed_key", "ada", 1, pairColumn("sealed_key", "ada", 2)), []string{
		"2 acme/orders/ada: the key of generation 1 is still here more than 30 days after its end",
		"2 acme/orders/ada: the key of generation 1 does not open",
	}},
	{"a key kept though revoked", pairBytes("sealed_key", "carl", 2, pairColumn("sealed_key", "carl", 4)), []string{
		"2 acme/orders/carl: the key of generation 2 is still here although the generation is revoked",
		"2 acme/orders/carl: the key of generation 2 does not open",
	}},
	{"a key in the clear", pairBytes("sealed_key", "ada", 3, clearKey), []string{
		"6 acme/orders/ada: the key of generation 3 lies in the store in the clear",
	}},
	{"a key in the clear, as text", pairBytes("sealed_key", "ada", 3, func(f *fixture) []byte { return pki.KeyPEM(clearKey(f)) }), []string{
		"6 acme/orders/ada: the key of generation 3 lies in the store in the clear",
	}},
	{"passwords of two users swapped", func(f *fixture) {
		swapBytes("users", "sealed_password", "id = $1", []any{f.id("ada")}, []any{f.id("bob")})(f)
	}, []string{
		"6 acme/orders/ada: its password does not open", "6 acme/orders/bob: its password does not open",
	}},
	{"a deleted user's password", func(f *fixture) { f.set("users", "sealed_password", "id = $1", []byte("x"), f.id("dora")) }, []string{
		"6 acme/orders/dora: its password is still here although the user is deleted",
	}},
	{"a broker with a user's serial", func(f *fixture) {
		serial := pairColumn("serial", "ada", 3)(f)
		f.exec(`UPDATE broker_certs SET serial = $1 WHERE purpose = 'client-listener'`, serial)
	}, []string{
		"2 acme/orders/ada: generation 3 has a serial that its authority gave to another certificate too",
		"2 broker certificate SERIAL of acme/orders: its serial is not the one of its row",
	}},
	{"a broker certificate for something else", func(f *fixture) {
		f.exec(`UPDATE broker_certs SET purpose = 'cluster' WHERE purpose = 'client-listener'`)
	}, []string{"2 broker certificate SERIAL of acme/orders: it was issued by the wrong authority"}},
	{"a broker certificate that is none", func(f *fixture) {
		f.exec(`UPDATE broker_certs SET cert = $1 WHERE purpose = 'cluster'`, []byte("garbage"))
	}, []string{"2 broker certificate SERIAL of acme/orders: it cannot be read"}},
	{"a broker certificate with another end", func(f *fixture) {
		f.exec(`UPDATE broker_certs SET not_after = not_after + 1 WHERE purpose = 'cluster'`)
	}, []string{"2 broker certificate SERIAL of acme/orders: it ends at another moment"}},
	{"a broker certificate of no authority", func(f *fixture) {
		f.exec(`UPDATE broker_certs SET ca_id = 1 WHERE purpose = 'cluster'`)
	}, []string{"2 broker certificate SERIAL of acme/orders: its authority is not in the store"}},
	{"a broker certificate of the admin's purpose", func(f *fixture) {
		f.exec(`UPDATE broker_certs SET purpose = 'admin' WHERE purpose = 'cluster'`)
	}, []string{"2 broker certificate SERIAL of acme/orders: it names another owner"}},
}

var dueDamages = []damage{
	{"another due date", by(`UPDATE users SET renew_at = renew_at + 60000, due_at = due_at + 60000 WHERE id = $1`, "ada"), []string{
		"3 acme/orders/ada: it is to be renewed at",
	}},
	{"another look", by(`UPDATE users SET due_at = due_at + 1 WHERE id = $1`, "ada"), []string{"3 acme/orders/ada: the sweep looks at it at another moment"}},
	{"no look", by(`UPDATE users SET due_at = NULL WHERE id = $1`, "ada"), []string{"3 acme/orders/ada: the sweep looks at it at another moment"}},
	{"a spread that is not kept", by(`UPDATE users SET spread_to = renew_at + 1 WHERE id = $1`, "ada"), []string{"3 acme/orders/ada: it was spread to"}},
	{"a spread beyond the end", by(`UPDATE users SET spread_to = not_after, renew_at = not_after, due_at = not_after WHERE id = $1`, "ada"), []string{
		"3 acme/orders/ada: after its pair's end",
	}},
	{"an impossible policy", by(`UPDATE users SET policy_validity = 1 WHERE id = $1`, "ada"), []string{"3 acme/orders/ada: the policy of its due date breaks a rule"}},
	{"a project's impossible policy", func(f *fixture) { f.exec(`UPDATE projects SET validity = 1000 WHERE name = 'beta'`) }, []string{
		"3 beta: its policy breaks a rule", "3 beta/logs: its policy breaks a rule",
	}},
	{"a failure that is never looked at again", func(f *fixture) {
		f.exec(`INSERT INTO failures (user_id, project_id, opened_at, reason, retry_at) VALUES ($1, $2, 1, 'why', 1)`, f.id("ada"), f.project("acme"))
		by(`UPDATE users SET due_at = NULL WHERE id = $1`, "ada")(f)
	}, []string{"3 acme/orders/ada: its renewal failed and the sweep does not look again"}},
}

var renewalDamages = []damage{
	{"two renewals await", by(`UPDATE renewals SET closed_at = NULL, closed_as = NULL WHERE user_id = $1 AND generation = 2`, "ada"), []string{
		"4 acme/orders/ada: the renewal to generation 2 awaits an acknowledgement although generation 3 is the current one",
	}},
	{"a deleted user's renewal awaits", by(`UPDATE renewals SET closed_at = NULL, closed_as = NULL WHERE user_id = $1`, "dora"), []string{
		"4 acme/orders/dora: the renewal to generation 2 awaits an acknowledgement although the user is deleted",
	}},
	{"a renewal to nothing", by(`UPDATE renewals SET generation = 9 WHERE user_id = $1 AND generation = 3`, "bob"), []string{
		"4 acme/orders/bob: the renewal to generation 9 names a generation that is not there",
		"1 acme/orders/bob: the end of the pair before",
		"1 acme/orders/bob: generation 1 is not revoked although generation 3 came from a reset",
		"1 acme/orders/bob: generation 2 is not revoked although generation 3 came from a reset",
		"5 acme/orders/bob: no entry for the reset that made generation 3",
		"5 acme/orders/bob: speaks of generation 3, which is not in the store",
	}},
	{"a renewal of something else", by(`UPDATE renewals SET replaced = 1 WHERE user_id = $1 AND generation = 3`, "ada"), []string{
		"4 acme/orders/ada: the renewal to generation 3 names a generation that is not there",
		"1 acme/orders/ada: the end of the pair before",
		"1 acme/orders/ada: the old end of a renewal",
	}},
	{"a renewal is gone", by(`DELETE FROM renewals WHERE user_id = $1 AND generation = 3`, "bob"), []string{
		"1 acme/orders/bob: the end of the pair before",
		"1 acme/orders/bob: generation 1 is not revoked although generation 3 came from a reset",
		"1 acme/orders/bob: generation 2 is not revoked although generation 3 came from a reset",
		"5 acme/orders/bob: no entry for the reset that made generation 3",
		"5 acme/orders/bob: speaks of generation 3, which is not in the store",
	}},
	{"acknowledged and closed", by(`UPDATE renewals SET closed_at = 1, closed_as = 'superseded' WHERE user_id = $1 AND generation = 2`, "bob"), []string{
		"4 acme/orders/bob: is both acknowledged and closed",
	}},
	{"acknowledged by nobody", by(`UPDATE renewals SET acknowledged_by = NULL WHERE user_id = $1 AND generation = 2`, "bob"), []string{
		"4 acme/orders/bob: does not say when, by whom and how",
	}},
	{"closed without a reason", by(`UPDATE renewals SET closed_as = NULL WHERE user_id = $1 AND generation = 2`, "ada"), []string{
		"4 acme/orders/ada: does not say when and why it was closed",
	}},
	{"closed in a new way", by(`UPDATE renewals SET closed_as = 'gone' WHERE user_id = $1 AND generation = 2`, "ada"), []string{
		"4 acme/orders/ada: is closed in no way that Segue knows",
	}},
	{"superseded by nothing", by(`UPDATE renewals SET closed_at = 1, closed_as = 'superseded' WHERE user_id = $1 AND generation = 3`, "ada"), []string{
		"4 acme/orders/ada: closed as superseded, but no renewal to generation 4 followed",
	}},
	{"closed by no reset", by(`UPDATE renewals SET closed_as = 'reset' WHERE user_id = $1 AND generation = 2`, "ada"), []string{
		"4 acme/orders/ada: closed by a reset, but no reset made generation 3",
	}},
	{"closed by no deletion", by(`UPDATE renewals SET closed_as = 'deleted' WHERE user_id = $1 AND generation = 2`, "ada"), []string{
		"4 acme/orders/ada: closed by a deletion that did not happen",
	}},
	{"a forged acknowledgement", by(`UPDATE renewals SET acknowledged_at = 1, acknowledged_by = 'mallory', acknowledged_how = 'person'
		WHERE user_id = $1 AND generation = 3`, "ada"), []string{
		"5 acme/orders/ada: no entry for the acknowledgement of generation 3",
		"1 acme/orders/ada: whether its renewal was acknowledged",
	}},
	{"lists miss an old end", by(`UPDATE users SET old_not_after = NULL WHERE id = $1`, "ada"), []string{
		"1 acme/orders/ada: the end of the pair before",
	}},
	{"lists make an acknowledgement up", by(`UPDATE users SET acknowledged = TRUE WHERE id = $1`, "ada"), []string{
		"1 acme/orders/ada: whether its renewal was acknowledged",
	}},
	{"an acknowledgement is gone", by(`UPDATE renewals SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_how = NULL
		WHERE user_id = $1 AND generation = 2`, "bob"), []string{
		"4 acme/orders/bob: the renewal to generation 2 awaits an acknowledgement although generation 3 is the current one",
		"5 acme/orders/bob: speaks of the acknowledgement of generation 2, which is not in the store",
	}},
	{"a deletion is gone", func(f *fixture) {
		f.exec(`DELETE FROM meta WHERE name LIKE 'swept:%'`) // else dora is late too where she shares a shard with somebody
		by(`UPDATE users SET deleted_at = NULL WHERE id = $1`, "dora")(f)
	}, []string{
		"1 acme/orders/dora: generation 1 is revoked, but no reset or deletion says why",
		"1 acme/orders/dora: generation 2 is revoked, but no reset or deletion says why",
		"4 acme/orders/dora: closed by a deletion that did not happen",
		"5 acme/orders/dora: speaks of its deletion, which is not in the store",
		"6 acme/orders/dora: its password does not open",
	}},
	{"another old end", by(`UPDATE renewals SET old_not_after = 1 WHERE user_id = $1 AND generation = 3`, "ada"), []string{
		"1 acme/orders/ada: the old end of a renewal",
	}},
	{"another owner", by(`UPDATE renewals SET service_id = 1 WHERE user_id = $1 AND generation = 3`, "ada"), []string{
		"1 acme/orders/ada: the owner of a renewal",
	}},
}

var auditDamages = []damage{
	{"a changed entry", func(f *fixture) {
		f.exec(`UPDATE audit SET actor = 'mallory' WHERE project_id = $1 AND seq = 3`, f.project("acme"))
	}, []string{"5 acme: entry 3 of its audit log was changed"}},
	{"a changed entry of the instance", func(f *fixture) {
		f.exec(`UPDATE audit SET detail = '{}' WHERE project_id = 0 AND seq = 1`)
	}, []string{"5 this Segue: entry 1 of its audit log was changed"}},
	{"an entry about another user", func(f *fixture) {
		f.exec(`UPDATE audit SET detail = '{"user_id":"00000000000000ff","generation":1}' WHERE project_id = $1 AND seq = $2`,
			f.project("acme"), f.auditedAt("user.create", "ada"))
	}, []string{
		"5 acme: was changed or moved",
		"5 acme/orders/ada: the audit log has no entry for generation 1",
		"5 acme/orders/ada: speaks of generation 1, which is not in the store",
	}},
	{"an entry about nobody", func(f *fixture) {
		f.exec(`UPDATE audit SET detail = '{}' WHERE project_id = $1 AND seq = $2`, f.project("acme"), f.auditedAt("user.create", "ada"))
	}, []string{
		"5 acme: was changed or moved", "5 acme: does not say which user it is about",
		"5 acme/orders/ada: the audit log has no entry for generation 1",
	}},
	{"a missing entry", func(f *fixture) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq = $2`, f.project("acme"), f.auditedAt("user.reset-credentials", "carl"))
	}, []string{
		"5 acme: of its audit log are missing",
		"5 acme/orders/carl: the audit log has no entry for the reset that made generation 3",
	}},
	{"a cut tail", func(f *fixture) {
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq = $2`, f.project("acme"), f.auditEnd())
	}, []string{
		"5 acme: its tail was cut",
		"5 acme/orders/carl: the audit log has no entry for the acknowledgement of generation 4",
	}},
	{"a cut tail and its head", func(f *fixture) {
		end := f.auditEnd()
		f.exec(`DELETE FROM audit WHERE project_id = $1 AND seq = $2`, f.project("acme"), end)
		f.exec(`UPDATE audit_heads SET seq = $2, mac = (SELECT mac FROM audit WHERE project_id = $1 AND seq = $2) WHERE project_id = $1`,
			f.project("acme"), end-1)
	}, []string{"5 acme/orders/carl: the audit log has no entry for the acknowledgement of generation 4"}},
	{"another head", func(f *fixture) {
		f.exec(`UPDATE audit_heads SET mac = $2 WHERE project_id = $1`, f.project("acme"), []byte("head"))
	}, []string{"5 acme: its tail was cut or its head was changed"}},
	{"no head", func(f *fixture) {
		f.exec(`DELETE FROM audit_heads WHERE project_id = $1`, f.project("acme"))
	}, []string{"5 acme: its tail was cut or its head was changed"}},
	{"swapped entries", func(f *fixture) {
		acme := f.project("acme")
		f.exec(`UPDATE audit SET seq = -1 WHERE project_id = $1 AND seq = 3`, acme)
		f.exec(`UPDATE audit SET seq = 3 WHERE project_id = $1 AND seq = 4`, acme)
		f.exec(`UPDATE audit SET seq = 4 WHERE project_id = $1 AND seq = -1`, acme)
	}, []string{"5 acme: entry 3 of", "5 acme: entry 4 of", "5 acme: entry 5 of"}},
	{"a repeated entry", func(f *fixture) {
		acme, end := f.project("acme"), f.auditEnd()
		f.exec(`INSERT INTO audit (project_id, seq, at, actor, action, service, user_name, detail, mac)
			SELECT project_id, seq + 1, at, actor, action, service, user_name, detail, mac FROM audit WHERE project_id = $1 AND seq = $2`, acme, end)
		f.exec(`UPDATE audit_heads SET seq = seq + 1 WHERE project_id = $1`, acme)
	}, []string{
		"5 acme: was changed or moved",
		"5 acme/orders/carl: the audit log has 2 entries for the acknowledgement of generation 4",
	}},
	{"an empty log", func(f *fixture) {
		f.exec(`DELETE FROM audit WHERE project_id = $1`, f.project("beta"))
		f.exec(`DELETE FROM audit_heads WHERE project_id = $1`, f.project("beta"))
	}, []string{
		"5 beta/logs/avnadmin: the audit log has no entry for generation 1",
		"5 beta/logs/avnadmin: the audit log has no entry for generation 2",
		"5 beta/logs/avnadmin: the audit log has no entry for generation 3",
	}},
}

var authorityDamages = []damage{
	{"keys of two authorities swapped", func(f *fixture) {
		swapBytes("cas", "sealed_key", "id = $1", []any{f.projectCA("acme")}, []any{f.projectCA("beta")})(f)
	}, []string{
		"2 project CA ID of acme: its key does not open", "2 project CA ID of beta: its key does not open",
		"6 CA ID: its revocation list cannot be made",
	}},
	{"a key in the clear", func(f *fixture) { f.set("cas", "sealed_key", "id = $1", clearKey(f), f.projectCA("beta")) }, []string{
		"6 project CA ID of beta: its key lies in the store in the clear",
	}},
	{"another authority's certificate", func(f *fixture) {
		f.exec(`UPDATE cas SET cert = (SELECT cert FROM cas WHERE id = $1) WHERE id = $2`, f.projectCA("acme"), f.projectCA("beta"))
	}, []string{
		"2 project CA ID of beta: its certificate is for another project",
		"2 project CA ID of beta: its key and certificate do not belong together",
		"2 beta/logs/avnadmin: generation 1: ", "2 beta/logs/avnadmin: generation 2: ", "2 beta/logs/avnadmin: generation 3: ",
	}},
	{"other times", func(f *fixture) {
		f.exec(`UPDATE cas SET not_after = not_after + 1 WHERE id = $1`, f.projectCA("beta"))
	}, []string{
		"2 project CA ID of beta: its certificate has other times than its row",
	}},
	{"no active authority", func(f *fixture) { f.exec(`UPDATE cas SET state = 'retired' WHERE id = $1`, f.projectCA("beta")) }, []string{
		"2 beta: it has no active authority",
	}},
	{"no active cluster CA", func(f *fixture) {
		f.exec(`UPDATE cas SET state = 'trusted' WHERE kind = 'cluster' AND project_id = $1`, f.project("beta"))
	}, []string{"2 beta/logs: it has no active cluster CA"}},
	{"a state that is none", func(f *fixture) { f.exec(`UPDATE cas SET state = 'lost' WHERE id = $1`, f.projectCA("beta")) }, []string{
		"2 project CA ID of beta: it is in no state", "2 beta: it has no active authority",
	}},
}

var secretDamages = []damage{
	{"a token in the clear", func(f *fixture) {
		f.exec(`UPDATE tokens SET hash = $1`, []byte("sgu_0000000000000000000000000000000000000000000000000"))
	}, []string{
		"6 token ID: it is not stored as a SHA-256 hash",
	}},
	{"a token in its prefix", func(f *fixture) { f.exec(`UPDATE tokens SET prefix = 'sgu_00000000000000000000'`) }, []string{
		"6 token ID: more of it is stored than the prefix",
	}},
	{"a password in the clear", func(f *fixture) { f.exec(`UPDATE accounts SET password_hash = 'correct horse battery'`) }, []string{
		"6 account root@example.com: its password is not stored as an argon2id hash",
	}},
	{"a token in a text", func(f *fixture) {
		token, _, _, err := f.Tokens.New()
		f.must(err)
		f.exec(`UPDATE services SET user_config = $1 WHERE name = 'clicks'`, `{"note":"use `+token+`"}`)
	}, []string{"6 acme/clicks: a private key or a token in the clear"}},
	{"a key in a text", func(f *fixture) {
		f.exec(`UPDATE tokens SET description = $1`, string(pki.KeyPEM(clearKey(f))))
	}, []string{"6 token ID: a private key or a token in the clear"}},
}

// TestCheckStoreNamesWhatIsBroken breaks a store in every way that one row can
// be wrong, and demands that just that is named.
func TestCheckStoreNamesWhatIsBroken(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		lived(f)
		f.named(f.check())
		if t.Failed() {
			return
		}
		f.namesEach(t, slices.Concat(
			generationDamages, pairDamages, dueDamages, renewalDamages, auditDamages, authorityDamages, secretDamages,
		))
		f.named(f.check())
	})
}

// namesEach does each damage by itself and demands that just it is named.
func (f *fixture) namesEach(t *testing.T, damages []damage) {
	keep := newKeeper(f)
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			defer func(outer testing.TB) { f.t = outer }(f.t)
			f.t = t
			defer keep.restore(f)
			d.do(f)
			f.named(anonymous(f.check()), d.want...)
		})
	}
}

// anonymous puts words for the random ids and serials in subjects.
func anonymous(found []app.Violation) []app.Violation {
	for i, v := range found {
		words := strings.Fields(v.Subject)
		for j, w := range words {
			switch {
			case len(w) == 16 && strings.Trim(w, "0123456789abcdef") == "":
				words[j] = "ID"
			case j > 0 && words[j-1] == "certificate":
				words[j] = "SERIAL"
			}
		}
		found[i].Subject = strings.Join(words, " ")
	}
	return found
}

// keeper holds a copy of every row that a damage may touch.
type keeper struct{ tables []string }

func newKeeper(f *fixture) keeper {
	k := keeper{tables: []string{
		"accounts", "tokens", "projects", "services", "cas", "users", "generations", "renewals", "failures",
		"broker_certs", "audit", "audit_heads", "meta", "channels", "messages", "attempts",
	}}
	for _, table := range k.tables {
		if _, err := f.store.Writer().ExecContext(f.ctx, "CREATE TABLE kept_"+table+" AS SELECT * FROM "+table); err != nil {
			f.t.Fatal(err)
		}
	}
	return k
}

// restore puts every row back, in the order that references allow.
func (k keeper) restore(f *fixture) {
	f.t.Helper()
	tx, err := f.store.Writer().BeginTx(f.ctx, nil)
	f.must(err)
	defer func() { _ = tx.Rollback() }()
	run := func(query string) {
		if _, err := tx.ExecContext(f.ctx, query); err != nil {
			f.t.Fatal(err)
		}
	}
	for _, table := range slices.Backward(k.tables) {
		run("DELETE FROM " + table)
	}
	for _, table := range k.tables {
		run("INSERT INTO " + table + " SELECT * FROM kept_" + table)
	}
	f.must(tx.Commit())
}

// TestCheckStoreReadsPages has more users and audit entries than are read at a
// time, and more that is wrong than is named.
func TestCheckStoreReadsPages(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		for i := range 520 {
			f.createUser(fmt.Sprintf("u%03d", i))
		}
		f.now = start.Add(731 * day)
		f.sweep()
		f.named(f.check())

		last := ask[int64](f, `SELECT MAX(id) FROM users`)
		name := ask[string](f, `SELECT name FROM users WHERE id = $1`, last)
		f.exec(`UPDATE users SET generation = 1 WHERE id = $1`, last)
		f.exec(`UPDATE audit SET actor = 'mallory' WHERE project_id = $1 AND seq = $2`, f.project("acme"), f.auditEnd())
		f.named(f.check(), "1 acme/orders/"+name+": the number of the current generation", "5 acme: of its audit log was changed")

		f.exec(`DELETE FROM audit WHERE project_id = $1`, f.project("acme"))
		found := f.check()
		if n := len(found); n < 500 || n > 600 { // of 256 users, two generations each
			t.Errorf("%d things are named", n)
		}
		if !slices.ContainsFunc(found, func(v app.Violation) bool { return strings.Contains(v.Message, "differ in more places") }) {
			t.Error("it is not said that there is more")
		}
	})
}

// TestCheckStoreSeesARevocationThatIsNotServed revokes a pair without the CA's
// next list, so that a list made before still counts as the newest.
func TestCheckStoreSeesARevocationThatIsNotServed(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		lived(f)
		_, err := f.CRL(f.ctx, f.projectCA("acme"), f.now)
		f.must(err)
		f.exec(`UPDATE generations SET revoked_at = 1, sealed_key = NULL WHERE user_id = $1 AND number = 3`, f.id("ada"))
		f.named(f.checkWith(f.App),
			"1 acme/orders/ada: generation 3 is revoked, but no reset or deletion says why",
			"6 acme/orders/ada: not in the revocation list that would be served next")
	})
}

// TestCheckStoreOfAnIdleInstance lets time pass without a sweep, and with one
// that passes everybody by.
func TestCheckStoreOfAnIdleInstance(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("ada")
		f.now = start.Add(760 * day)
		f.named(f.check(), "0 this Segue: no sweep has run for more than a day")

		for shard := range app.Shards {
			f.exec(`INSERT INTO meta (name, value) VALUES ($1, $2)`, fmt.Sprintf("swept:%02d", shard), f.now.UnixMilli())
		}
		f.exec(`INSERT INTO meta (name, value) VALUES ('last_sweep', $1)`, f.now.UnixMilli())
		f.named(f.check(), "3 acme/orders/ada: passed it by", "3 acme/orders/avnadmin: passed it by")

		f.sweep()
		f.named(f.check())
	})
}

// TestCheckStoreAfterAPolicyChange makes users due whose due date lies in the
// past at once: no sweep passed them by.
func TestCheckStoreAfterAPolicyChange(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("ada")
		hour, minute, zero := "1h", "20m", "0s"
		_, err := f.SetPolicy(f.ctx, f.admin, "acme", "", app.PolicyPatch{Renewal: map[string]*string{"validity": &hour, "renew_before": &minute, "spread": &zero}}, true, f.now)
		f.must(err)
		f.createUser("bob") // for an hour
		f.now = start.Add(10 * time.Minute)
		f.exec(`INSERT INTO meta (name, value) VALUES ($1, $2)`, fmt.Sprintf("swept:%02d", app.ShardOf(f.id("bob"))), f.now.UnixMilli())
		inherit := map[string]*string{"validity": nil, "renew_before": nil, "spread": nil}
		_, err = f.SetPolicy(f.ctx, f.admin, "acme", "", app.PolicyPatch{Renewal: inherit}, true, f.now)
		f.must(err)
		if due := f.user("bob").RenewAt; !due.Before(f.now.Add(-80 * day)) {
			t.Fatalf("bob is due at %s, want long ago", due)
		}
		f.named(f.check())
		f.sweep()
		f.named(f.check())
	})
}

// TestCheckStoreSpeaksOfWhatNeedsAPerson runs into the end of an authority and
// of a broker kit.
func TestCheckStoreSpeaksOfWhatNeedsAPerson(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("ada")
		_, err := f.BrokerKit(f.ctx, f.admin, "acme", "orders", app.KitRequest{Brokers: []app.KitBroker{{ID: 1, Host: "kafka1"}}}, f.now)
		f.must(err)
		f.now = start.Add(lifecycle.BrokerValidity - lifecycle.BrokerRenewBefore)
		f.sweep()
		f.named(f.check(), "0 acme/orders: make the kit again")

		ca := ask[int64](f, `SELECT not_after FROM cas WHERE kind = 'project'`)
		end := time.UnixMilli(ca).UTC()
		for f.user("ada").Current.NotAfter.Before(end) {
			f.now = f.user("ada").RenewAt.Add(5 * day)
			f.sweep()
		}
		f.named(anonymous(f.check()), "0 acme/orders: make the kit again",
			"0 project CA ID of acme: needs a successor now", "0 cluster CA ID of acme: needs a successor now")

		f.now = end.Add(-90 * day)
		if r := f.sweep(); r.Failed != 2 {
			t.Fatalf("sweep at the authority's end: %+v", r)
		}
		f.named(anonymous(f.check()), "0 acme/orders: make the kit again",
			"0 project CA ID of acme: needs a successor now", "0 cluster CA ID of acme: needs a successor now",
			"0 acme/orders/ada: cannot be renewed", "0 acme/orders/avnadmin: cannot be renewed")
	})
}

// TestCheckStoreBesideWriters checks again and again while users are created,
// reset, acknowledged, deleted and swept: nothing may be named.
func TestCheckStoreBesideWriters(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		for i := range 20 {
			f.createUser(fmt.Sprintf("u%d", i))
		}
		f.now = start.Add(731 * day)
		ctx, stop := context.WithCancel(f.ctx)
		var writers sync.WaitGroup
		defer writers.Wait()
		defer stop()
		for w := range 3 {
			writers.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					if err := f.change(ctx, w, i); err != nil && ctx.Err() == nil {
						t.Errorf("writer %d: %v", w, err)
						return
					}
				}
			})
		}
		for range 15 {
			f.named(slices.DeleteFunc(f.checkWith(f.App), func(v app.Violation) bool { return v.Invariant == 0 }))
		}
	})
}

// change is the i-th step of writer w; each writer has users of its own.
func (f *fixture) change(ctx context.Context, w, i int) error {
	name := fmt.Sprintf("w%d-%d", w, i/4)
	old := fmt.Sprintf("u%d", 3*(i/4)+w)
	var err error
	switch i % 4 {
	case 0:
		_, err = f.CreateUser(ctx, f.admin, "acme", "orders", name, f.now)
	case 1:
		_, err = f.ResetCredentials(ctx, f.admin, "acme", "orders", name, "", f.now)
	case 2:
		if _, err = f.Sweep(ctx, app.SweepOptions{}, f.now); err == nil && 3*(i/4)+w < 20 {
			err = f.AcknowledgeRenewal(ctx, f.admin, "acme", "orders", old, 0, f.now)
		}
	case 3:
		_, err = f.DeleteUser(ctx, f.admin, "acme", "orders", name, f.now)
	}
	return err
}

// TestCheckStoreEndsWithItsContext demands an error, not half an answer.
func TestCheckStoreEndsWithItsContext(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		ctx, cancel := context.WithCancel(f.ctx)
		cancel()
		err := f.CheckStore(ctx, f.now, func(v app.Violation) { t.Errorf("named %v", v) })
		if err == nil {
			t.Error("a check that was cancelled says that all is well")
		}
	})
}
