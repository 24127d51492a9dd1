package app_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/bundle"
)

func (f *fixture) bundle(user string, r app.BundleRequest) app.Bundle {
	f.t.Helper()
	b, err := f.MakeBundle(f.ctx, f.admin, "acme", "orders", user, r, f.now)
	f.must(err)
	return b
}

// Every format holds the pair that was asked for, and each bundle is one audited sight.
func TestBundlesHoldThePairAskedFor(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		f.now = f.now.Add(100 * day)
		_, err := f.RenewUser(f.ctx, f.admin, "acme", "orders", "alice", f.now)
		f.must(err)
		ca, err := f.ProjectCA(f.ctx, f.admin, "acme", f.now)
		f.must(err)
		for generation := range 3 {
			wanted := max(generation, 1)
			if generation == 0 {
				wanted = 2
			}
			p, err := f.GetGeneration(f.ctx, f.admin, "acme", "orders", "alice", wanted, f.now)
			f.must(err)
			before := f.audited("keys.read")
			b := f.bundle("alice", app.BundleRequest{Format: "pem", Generation: generation})
			if f.audited("keys.read") != before+1 {
				t.Error("a bundle is not one sight of a key")
			}
			if b.Generation != wanted || !b.NotAfter.Equal(p.NotAfter) || b.Password != "" {
				t.Errorf("generation %d: got %d, which ends %s, password %q", generation, b.Generation, b.NotAfter, b.Password)
			}
			for i, want := range []string{p.Cert, p.Key, ca} {
				if string(b.Files[i].Content) != want {
					t.Errorf("generation %d: %s holds something else", generation, b.Files[i].Name)
				}
			}
		}
		f.clean()
	})
}

// A store's password is the one that was chosen, or else a new one each time.
func TestPasswordsOfBundles(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.service()
	f.createUser("alice")
	seen := map[string]bool{}
	for _, format := range bundle.Formats() {
		chosen := ""
		if format.Password {
			chosen = "correct horse"
		}
		for _, password := range []string{chosen, ""} {
			b := f.bundle("alice", app.BundleRequest{Format: format.Name, Password: password})
			settings := string(b.Files[len(b.Files)-1].Content)
			switch {
			case !format.Password && b.Password != "":
				t.Errorf("%s has the password %q", format.Name, b.Password)
			case format.Password && !strings.Contains(settings, b.Password):
				t.Errorf("%s: the settings do not hold the password", format.Name)
			case format.Password && password != "" && b.Password != password:
				t.Errorf("%s has another password than the one that was chosen", format.Name)
			case format.Password && password == "" && (len(b.Password) < 20 || seen[b.Password]):
				t.Errorf("%s has the random password %q", format.Name, b.Password)
			}
			seen[b.Password] = true
		}
	}
}

func TestBundlesRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		f.service()
		f.createUser("alice")
		_, err := f.CreateService(f.ctx, f.admin, "acme", app.NewService{Name: "bare"}, f.now)
		f.must(err)
		ask := func(service string, r app.BundleRequest) error {
			b, err := f.MakeBundle(f.ctx, f.admin, "acme", service, "avnadmin", r, f.now)
			if err != nil && len(b.Files) > 0 {
				t.Error("a refusal comes with files")
			}
			return err
		}
		before := f.audited("keys.read")
		for field, r := range map[string]app.BundleRequest{
			"format":     {Format: "p12"},
			"password":   {Format: "jks", Password: "hunt"},
			"directory":  {Format: "jks", Directory: "a\nb"},
			"generation": {Format: "jks", Generation: -1},
		} {
			if got := f.refused(ask("orders", r), app.CodeInvalid).Field; got != field {
				t.Errorf("a wrong %s is a refusal of %q", field, got)
			}
		}
		f.refused(ask("orders", app.BundleRequest{Format: "pem", Generation: 2}), app.CodeNotFound)
		f.refused(ask("orders", app.BundleRequest{Format: "pem", Generation: 1 << 40}), app.CodeNotFound)
		f.refused(ask("nothing", app.BundleRequest{Format: "pem"}), app.CodeNotFound)
		f.refused(ask("bare", app.BundleRequest{Format: "librdkafka"}), app.CodeConflict)
		if f.audited("keys.read") != before {
			t.Error("a refusal is audited as a sight of a key")
		}
		f.must(ask("bare", app.BundleRequest{Format: "pem"})) // names no address

		_, err = f.ResetCredentials(f.ctx, f.admin, "acme", "orders", "alice", "", f.now)
		f.must(err)
		_, err = f.MakeBundle(f.ctx, f.admin, "acme", "orders", "alice", app.BundleRequest{Format: "pem", Generation: 1}, f.now)
		f.refused(err, app.CodeConflict) // its key was destroyed
	})
}

// A directory is where settings say that files lie; no path comes out as a file's name.
func TestDirectoriesOfBundles(t *testing.T) {
	f := newFixture(t, t.TempDir(), "")
	f.service()
	f.createUser("alice")
	b := f.bundle("alice", app.BundleRequest{Format: "combined-pem", Directory: "/etc/../shop"})
	for _, file := range b.Files {
		if strings.ContainsAny(file.Name, `/\`) {
			t.Errorf("a file is called %s", file.Name)
		}
	}
	if settings := b.Files[2].Content; !bytes.Contains(settings, []byte("\nssl.truststore.location=/etc/../shop/ca.pem\n")) {
		t.Errorf("the settings are\n%s", settings)
	}
}
