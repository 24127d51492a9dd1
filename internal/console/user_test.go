package console

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/bundle"
	"github.com/segue-project/segue/internal/lifecycle"
)

// keyOf is the key of a generation of orders-writer as the store has it.
func keyOf(r *rig, generation int) string {
	r.t.Helper()
	p, err := r.app.GetGeneration(r.t.Context(), app.System(), app.DemoProject, "kafka-orders", "orders-writer", generation, r.now)
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(p.Key)
}

// TestAKeyIsShownToAForm: a link shows and records nothing, a form shows the key
// and says under which entry that is recorded, for both generations of an overlap.
func TestAKeyIsShownToAForm(t *testing.T) {
	r := newRig(t)
	want := map[string]string{"1": keyOf(r, 1), "2": keyOf(r, 2)}
	c := r.developer()
	before := r.audited("keys.read")
	for _, path := range []string{users, writer, writer + "/key", writer + "/cert", writer + "/compare", writer + "/bundle", writer + "/renew", writer + "/reset"} {
		c.get(path).ok().lacks("PRIVATE KEY")
	}
	if n := r.audited("keys.read"); n != before {
		t.Fatalf("pages without a key left %d entries as if they showed one", n-before)
	}
	for generation, other := range map[string]string{"2": "1", "1": "2"} {
		page := c.post(writer+"/key", "generation", generation).ok()
		newest := r.audit()[len(r.audit())-1]
		page.shows("Seeing this key is recorded.", developerEmail, "audit entry "+number(int(newest.Seq)), "-----BEGIN PRIVATE KEY-----")
		if shown := strings.TrimSpace(rawText(page.one("pre", "id", "pem"))); shown != want[generation] {
			t.Errorf("generation %s shows another key than it has", generation)
		}
		page.lacks(want[other][40:80])
		if newest.Action != "keys.read" || newest.Actor != developerEmail || newest.User != "orders-writer" || !strings.Contains(newest.Detail, `"generation":`+generation) {
			t.Errorf("recorded as %+v", newest)
		}
		if page.Header.Get("Cache-Control") != "no-store" || page.Header.Get("Content-Encoding") != "" {
			t.Errorf("a page with a key is kept or compressed: %v", page.Header)
		}
	}
	if n := r.audited("keys.read"); n != before+2 {
		t.Errorf("two sights left %d entries", n-before)
	}
	c.post(writer+"/key", "generation", "9").status(http.StatusNotFound).lacks("PRIVATE KEY")
	c.post(writer+"/key", "generation", "x").status(http.StatusNotFound)
	c.post(writer + "/key").ok().shows("generation 2")
}

// TestEnterShowsNoKey: the rows' buttons belong to a form of their own, so that
// Enter in the form around the rows does not press one of them.
func TestEnterShowsNoKey(t *testing.T) {
	page := newRig(t).developer().get(users)
	buttons := page.all("button", "formaction", "*")
	if len(buttons) != 8 {
		t.Fatalf("%d buttons that show a key, want 8", len(buttons))
	}
	own := page.one("form", "id", keyForm)
	for _, b := range buttons {
		if attr(b, "form") != attr(own, "id") {
			t.Errorf("a button that shows a key belongs to %q", attr(b, "form"))
		}
	}
	if !strings.EqualFold(attr(own, "method"), http.MethodPost) {
		t.Error("the form of keys does not post")
	}
}

// TestReadOnlySeesNoPair: neither key nor certificate, by any page, and what was
// refused is in the audit log.
func TestReadOnlySeesNoPair(t *testing.T) {
	r := newRig(t)
	c := r.reader()
	denied := r.audited("denied")
	for _, path := range []string{"/key", "/cert", "/files/service.cert", "/bundle"} {
		c.get(writer + path).status(http.StatusForbidden).lacks("BEGIN ")
	}
	for _, path := range []string{"/key", "/bundle", "/files/service.key"} {
		c.post(writer+path, "generation", "2").status(http.StatusForbidden).lacks("BEGIN ")
	}
	page := c.get(writer).ok().lacks("BEGIN ")
	for _, words := range []string{"Show access key", "Show access cert", "Acknowledge certificate", "Reset credentials…", "Download bundle…"} {
		if page.hasLink(words) {
			t.Errorf("read_only is offered %q", words)
		}
	}
	page.shows("The old pair stops working in 6 days", "Generation 2, new")
	if r.audited("keys.read") != 0 {
		t.Error("a refused sight is recorded as one")
	}
	if r.audited("denied") == denied {
		t.Error("no refusal is recorded")
	}
}

func TestCertificateDialog(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	page := c.get(writer + "/cert").ok()
	page.shows("CN=orders-writer,OU=kafka-orders,O=demo", "segue:demo/kafka-orders/orders-writer", "Changed since generation 1",
		"new, ECDSA P-256", "New, generation 2", "Old, generation 1", "Public: seeing it is not recorded.")
	want := r.user("orders-writer").Current
	if shown := strings.TrimSpace(rawText(page.one("pre", "id", "pem"))); shown != strings.TrimSpace(want.Cert) {
		t.Error("another certificate than the current one")
	}
	page.shows(strings.ToUpper(want.Serial))
	old := c.get(page.link("Old, generation 1")).ok()
	if rawText(old.one("pre", "id", "pem")) == rawText(page.one("pre", "id", "pem")) {
		t.Error("both generations show the same certificate")
	}
	c.get(users + "/warehouse/cert").ok().lacks("Changed since")
	c.get(writer + "/cert?generation=7").status(http.StatusNotFound).shows("its newest is 2")
}

// TestBundle: the files of either generation, as a client loads them, recorded.
func TestBundle(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	for generation, serial := range map[string]string{"1": keyOf(r, 1), "2": keyOf(r, 2)} {
		before := r.audited("keys.read")
		got := c.get(writer+"/bundle").ok().submit(writer+"/bundle", "generation", generation).ok()
		if name := got.Header.Get("Content-Disposition"); name != "attachment; filename=kafka-orders-orders-writer-"+generation+"-pem.zip" {
			t.Errorf("named %q", name)
		}
		if got.Header.Get("Cache-Control") != "no-store" {
			t.Error("a bundle may be kept")
		}
		files := unzip(t, got.body)
		if _, err := tls.X509KeyPair(files["service.cert"], files["service.key"]); err != nil {
			t.Errorf("generation %s: %v", generation, err)
		}
		if strings.TrimSpace(string(files["service.key"])) != serial {
			t.Errorf("generation %s holds another key", generation)
		}
		if ca := c.get(writer + "/files/ca.pem").ok().body; string(files["ca.pem"]) != ca || !strings.Contains(ca, "BEGIN CERTIFICATE") {
			t.Error("ca.pem is not the authority")
		}
		if n := r.audited("keys.read"); n != before+1 {
			t.Errorf("taking a bundle left %d entries", n-before)
		}
	}
	key := c.post(writer+"/files/service.key", "generation", "2").ok().body
	cert := c.get(writer + "/files/service.cert?generation=2").ok().body
	if _, err := tls.X509KeyPair([]byte(cert), []byte(key)); err != nil {
		t.Error(err)
	}
}

// TestBundleFormats: each form that a client loads, and refusals that keep what was
// chosen but for a password.
func TestBundleFormats(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	dialog := c.get(writer + "/bundle").ok()
	for _, f := range bundle.Formats() {
		dialog.one("option", "value", f.Name)
		got := dialog.submit(writer+"/bundle", "format", f.Name).ok()
		files := unzip(t, got.body)
		for _, name := range f.Files {
			if len(files[name]) == 0 {
				t.Errorf("%s lacks %s", f.Name, name)
			}
		}
	}
	before := r.audited("keys.read")
	const secret = "a pass word that nobody sees again"
	for want, form := range map[string][]string{
		"this format has no password": {"format", "pem", "password", secret, "directory", "/etc/kafka"},
		"format must be one of":       {"format", "<b>", "directory", "/etc/kafka"},
		"password must be":            {"format", "jks", "password", " " + secret, "directory", "/etc/kafka"},
	} {
		page := c.post(writer+"/bundle", append(form, "generation", "1")...).status(http.StatusUnprocessableEntity).shows(sentenceCase(want)).lacks(secret, "<b>:")
		if page.field("directory") != "/etc/kafka" || page.field("generation") != "1" {
			t.Errorf("what was chosen is lost: %q", page.form(writer+"/bundle"))
		}
	}
	if n := r.audited("keys.read"); n != before {
		t.Errorf("refused bundles left %d entries", n-before)
	}
}

func unzip(t *testing.T, content string) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader([]byte(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		open, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(open); err != nil {
			t.Fatal(err)
		}
		if secret := bytes.Contains(files[f.Name], []byte("PRIVATE KEY")); secret && f.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %s", f.Name, f.Mode())
		}
	}
	return files
}

// TestDestroyedKeysSaySo: a generation that was revoked, and one that ended long ago.
func TestDestroyedKeysSaySo(t *testing.T) {
	r := newRig(t)
	if _, err := r.app.Sweep(t.Context(), app.SweepOptions{}, r.now); err != nil {
		t.Fatal(err)
	}
	c := r.developer()
	before := r.audited("keys.read")
	for user, words := range map[string]string{
		"recommender": "The key of generation 1 was destroyed when it was revoked, on 4 Nov 2026",
		"ads-export":  "The key of generation 1 was destroyed 30 days after its end on 14 Oct 2026",
	} {
		of := demo + "/services/kafka-clickstream/users/" + user
		c.post(of+"/key", "generation", "1").ok().shows(words).lacks("PRIVATE KEY", "Seeing this key is recorded")
		c.post(of+"/files/service.key", "generation", "1").status(http.StatusConflict).shows(words)
		c.post(of+"/bundle", "generation", "1").status(http.StatusConflict).shows(words)
		c.get(of + "/bundle?generation=1").ok().shows(words)
	}
	if r.audited("keys.read") != before {
		t.Error("what showed no key is recorded as a sight")
	}
}

// TestAcknowledge is the walk without JavaScript: banner, dialog, form, gone.
func TestAcknowledge(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	list := c.get(users).ok().shows("4 access certificates are expiring, 1 lapsed")
	if !list.hasLink("Acknowledge certificate") {
		t.Fatal("the list offers no acknowledgement")
	}
	form := c.get(writer+"/acknowledge?back="+users).ok().shows("every client of orders-writer uses generation 2 now", "Nothing is cut off: generation 1 works until 30 Nov 2026")
	done := form.submit(writer + "/acknowledge").redirects(users).follow().ok()
	done.shows("Generation 2 of orders-writer is acknowledged", "3 access certificates are expiring, 1 lapsed")
	if s := r.user("orders-writer").State; s != lifecycle.Acknowledged {
		t.Errorf("orders-writer is %s", s)
	}
	if page := c.get(writer).ok(); page.hasLink("Acknowledge certificate") || strings.Contains(page.text(), "stops working") {
		t.Error("the message stays")
	}
	// Somebody who had the dialog open sends the same form later.
	other := r.admin()
	again := other.post(writer+"/acknowledge", "generation", "2", "back", users).redirects(users).follow()
	again.shows("dana acknowledged this at 09:00. Nothing is left to do.")
	other.get(writer + "/acknowledge").ok().shows("dana acknowledged this at 09:00. Nothing is left to do.")
	if n := r.audited("renewal.acknowledge"); n != len(acknowledgements(r)) || slices.Index(acknowledgements(r), adminEmail) >= 0 {
		t.Error("acknowledging twice is recorded twice")
	}
	other.get(users + "/warehouse/acknowledge").ok().shows("No renewal of warehouse awaits acknowledgement.")
}

func acknowledgements(r *rig) (by []string) {
	for _, e := range r.audit() {
		if e.Action == "renewal.acknowledge" {
			by = append(by, e.Actor)
		}
	}
	return by
}

// TestAcknowledgeWhatWasSeen: a newer generation has to be looked at first.
func TestAcknowledgeWhatWasSeen(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	form := c.get(writer + "/acknowledge").ok()
	if err := r.app.ResetPair(t.Context(), app.System(), app.DemoProject, "kafka-orders", "orders-writer", r.now); err != nil {
		t.Fatal(err)
	}
	before := r.audited("renewal.acknowledge")
	form.submit(writer + "/acknowledge").status(http.StatusConflict).shows("A newer generation, 3, exists. Look at it, then acknowledge.")
	c.post(users + "/billing-sink/acknowledge").status(http.StatusConflict)
	c.post(users+"/billing-sink/acknowledge", "generation", "1").status(http.StatusConflict).shows("A newer generation, 2, exists.")
	c.post(users+"/billing-sink/acknowledge", "generation", "3").status(http.StatusConflict)
	if r.audited("renewal.acknowledge") != before {
		t.Error("a refused acknowledgement is stored")
	}
}

func TestSnooze(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	sink := users + "/billing-sink"
	const reason = `<b>freeze</b> & "quotes" until the 10th`
	for until, words := range map[string]string{
		"":           "Choose the day on which reminders go on.",
		"tomorrow":   "Choose the day on which reminders go on.",
		"2026-11-24": "Choose a day from 25 Nov 2026 to 4 Jan 2027",
		"2027-03-01": "Choose a day from 25 Nov 2026 to 4 Jan 2027",
	} {
		page := c.post(sink+"/snooze", "until", until, "reason", reason).status(http.StatusUnprocessableEntity).shows(words)
		page.lacks("<b>freeze")
		if page.field("reason") != reason || page.field("until") != until {
			t.Errorf("what was typed is lost: %q %q", page.field("reason"), page.field("until"))
		}
	}
	c.post(sink+"/snooze", "until", "2026-12-10", "reason", " ").status(http.StatusUnprocessableEntity).shows("why nobody is to be reminded")
	if r.audited("renewal.snooze") != 0 {
		t.Fatal("a refused snooze is stored")
	}
	c.get(sink+"/snooze").ok().submit(sink+"/snooze", "until", "2026-12-10", "reason", reason).redirects(sink).follow().
		shows("Reminders of billing-sink go on from 10 Dec 2026.", "Reminders are snoozed until 10 Dec 2026: "+reason).lacks("<b>freeze")
	c.get(sink+"/snooze").ok().shows("Snoozed until 10 Dec 2026", "End snooze now").submit(sink+"/snooze", "end", "1").redirects(sink)
	if page := c.get(sink).ok(); strings.Contains(page.text(), "snoozed until") {
		t.Error("an ended snooze is shown")
	}
	c.get(users + "/warehouse/snooze").ok().shows("nobody is reminded")
	c.post(users+"/warehouse/snooze", "until", "2026-12-10", "reason", "x").status(http.StatusConflict).shows("nobody is reminded")
	c.get(users + "/fraud-scoring/snooze").ok().shows("There is no day left to snooze to")
}

func TestRenewNow(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	c.get(writer+"/renew").ok().shows("Not now.", "Generation 1 is still valid until 30 Nov, 12:00 beside the current one").lacks("T12:00:00Z")
	c.post(writer + "/renew").status(http.StatusConflict).shows("still valid until")
	warehouse := users + "/warehouse"
	seen := r.audited("keys.read")
	form := c.get(warehouse+"/renew").ok().shows("Generation 2 is issued at once", "It works until 21 Feb 2029")
	form.submit(warehouse+"/renew").redirects(warehouse).follow().shows("Generation 2 of warehouse is ready.", "The old pair stops working", "Expiring in 270 days")
	if r.audited("keys.read") != seen {
		t.Error("renewing is recorded as a sight of a key")
	}
	if end := r.user("warehouse").Current.NotAfter; day(end, t0.Location()) != "21 Feb 2029" {
		t.Errorf("said until 21 Feb 2029, and ends %s", end)
	}
}

func TestResetAsksForTheName(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	until := lastEnd(r)
	before := r.everything()
	c.get(writer+"/reset").ok().shows("Generations 1 and 2 are revoked", "A broker that does not check revocation accepts an earlier pair until "+until+".")
	for _, typed := range []string{"", "orders", "Orders-Writer", `"><script>alert(1)</script>`} {
		page := c.post(writer+"/reset", "name", typed).status(http.StatusUnprocessableEntity).shows("This is not the name of the user. Nothing was changed")
		page.lacks("<script>alert")
		if page.field("name") != typed {
			t.Errorf("typed %q, kept %q", typed, page.field("name"))
		}
	}
	if after := r.everything(); after != before {
		t.Fatalf("something was stored:\n%s", after)
	}
	seen := r.audited("keys.read")
	c.get(writer+"/reset").submit(writer+"/reset", "name", "orders-writer").redirects(writer).follow().
		shows("orders-writer is reset: generation 3 is issued, every earlier one revoked.", "until "+until, "Generation 2 revoked 24 Nov 2026")
	if r.audited("user.reset-credentials") == 0 || r.audited("keys.read") != seen {
		t.Error("a reset is not recorded, or recorded as a sight of a key")
	}
}

// lastEnd is when the newest pair of orders-writer ends: users of a demo are renewed
// on days of their own.
func lastEnd(r *rig) string {
	r.t.Helper()
	return day(r.user("orders-writer").Current.NotAfter, t0.Location())
}

func TestDeleteAsksForTheName(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	c.post(writer+"/delete", "name", "orders-write").status(http.StatusUnprocessableEntity).shows("This is not the name of the user.")
	until := lastEnd(r)
	done := c.get(writer+"/delete").ok().submit(writer+"/delete", "name", "orders-writer").redirects(users).follow()
	done.shows("orders-writer is deleted. A broker that does not check revocation accepts an earlier pair until " + until + ".")
	c.get(writer).status(http.StatusNotFound)
	c.get(users + "/avnadmin/delete").ok().shows("primary user of kafka-orders and cannot be deleted")
	c.post(users+"/avnadmin/delete", "name", "avnadmin").status(http.StatusUnprocessableEntity).shows("cannot be deleted")
	r.user("avnadmin")
	// The same name again: until when the old pairs work is said.
	c.post(orders+"/new-user", "username", "orders-writer").redirects(writer).follow().shows("accept them until " + until)
}

func TestAddUser(t *testing.T) {
	r := newRig(t)
	c := r.developer()
	newUser := orders + "/new-user"
	for _, typed := range []string{"", "two words", `<img src=x onerror=alert(1)>`, "orders-writer", strings.Repeat("x", 65)} {
		page := c.post(newUser, "username", typed)
		if page.StatusCode != http.StatusUnprocessableEntity && page.StatusCode != http.StatusConflict {
			t.Errorf("%q: status %d", typed, page.StatusCode)
		}
		page.lacks("<img")
		if page.field("username") != typed {
			t.Errorf("typed %q, kept %q", typed, page.field("username"))
		}
	}
	seen := r.audited("keys.read")
	c.get(newUser).ok().submit(newUser, "username", "returns-api").redirects(users+"/returns-api").follow().
		shows("returns-api is made. Its pair works until 21 Feb 2029.", "Valid to Feb 2029", "dana added returns-api")
	if r.audited("keys.read") != seen {
		t.Error("adding a user is recorded as a sight of its key")
	}
	r.reader().get(newUser).status(http.StatusForbidden)
}

func TestUserPage(t *testing.T) {
	r := newRig(t)
	r.deliver()
	c := r.developer()
	c.post(writer+"/key", "generation", "2").ok()
	page := c.get(writer).ok()
	renewed := day(r.user("orders-writer").Current.CreatedAt, t0.Location())
	page.shows("6 days left", "generation 2 · created", "The old pair stops working in 6 days, on Monday 30 November at 12:00",
		"both pairs work from "+renewed+" to 30 Nov 2026", "1 message so far", "seen by dana, 24 Nov", "kafka-team",
		"Reminder, 6 days left", "dana saw the access key of orders-writer", "Danger zone")
	if len(page.all("section", "class", "banner red")) != 1 {
		t.Error("the banner of the last week is not red")
	}
	if len(c.get(users+"/billing-sink").ok().all("section", "class", "banner")) != 1 {
		t.Error("the banner is not amber while there is time")
	}
	due := r.user("warehouse").RenewAt
	calm := c.get(users+"/warehouse").ok().shows("Valid to Aug 2027", "The next pair is issued "+in(due, t0)+", on "+day(due, t0.Location())+".", "Nothing was sent about warehouse yet.")
	if len(calm.all("section", "class", "banner")) != 0 {
		t.Error("a banner although nothing needs doing")
	}
	c.get(users+"/fraud-scoring").ok().shows("The old pair stopped working 4 days ago", "both pairs worked from")
	c.get(users+"/refunds").ok().shows("Acknowledged", "acknowledged 12 Nov 2026, Segue")
	c.get(users + "/nobody-here").status(http.StatusNotFound)
	c.get(writer + "?after=nonsense").status(http.StatusUnprocessableEntity)
}

// TestCompare shows what a generation changed and what it did not.
func TestCompare(t *testing.T) {
	r := newRig(t)
	page := r.reader().get(writer + "/compare").ok().lacks("PRIVATE KEY")
	page.shows("Generation 1, old", "Generation 2, new", "ECDSA P-256 same", "CN=orders-writer,OU=kafka-orders,O=demo same")
	now := r.user("orders-writer").Current
	page.shows(strings.ToUpper(now.Serial), now.NotAfter.Format("2 Jan 2006, 15:04"))
	r.reader().get(users + "/warehouse/compare").ok().shows("Generation 1 is the only one.")
}
