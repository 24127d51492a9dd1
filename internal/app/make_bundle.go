package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/bundle"
)

// BundleRequest is what a bundle is asked for.
type BundleRequest struct {
	Format     string
	Password   string // of its stores; empty: a random one, where the format has any
	Directory  string // where the files will lie, as settings name it; may be empty
	Generation int    // 0: the newest
}

// Bundle is a pair in the form in which a client loads it.
type Bundle struct {
	Format     string
	Generation int
	NotAfter   time.Time
	Files      []bundle.File
	Password   string // of its stores; empty where the format has none
}

// MakeBundle gives a pair in the form in which a client loads it. It needs a role
// that sees keys, and the sight is audited.
func (a *App) MakeBundle(ctx context.Context, actor Actor, project, service, user string, r BundleRequest, now time.Time) (Bundle, error) {
	format, err := r.check()
	if err != nil {
		return Bundle{}, err
	}
	var t target
	var p Pair
	var trusted []CA
	err = a.read(ctx, actor, now, func(rd Reader) (err error) {
		if t, err = findTarget(ctx, rd, actor, project, service, user, ReadSecrets); err != nil {
			return err
		}
		if p = t.user.Current; r.Generation != 0 {
			if p, err = findPair(ctx, rd, t.user, r.Generation); err != nil {
				return err
			}
		}
		trusted, err = rd.TrustedCAs(ctx, t.Project.ID)
		return err
	})
	if err != nil {
		return Bundle{}, err
	}
	v := p.view(t.user.Current.Generation)
	if err := a.reveal(ctx, &v, p, t.Project.ID, t.user.ID); err != nil {
		return Bundle{}, err
	}
	b, err := r.make(format, t, v, bundlePEM(trusted))
	if err != nil {
		return Bundle{}, err
	}
	if _, err := a.auditSight(ctx, actor, t.scope, service, user, sight{Keys: 1, Generation: v.Generation}, now); err != nil {
		return Bundle{}, err // no key leaves without its entry
	}
	return b, nil
}

// check finds the format and gives it a password where it needs one.
func (r *BundleRequest) check() (bundle.Format, error) {
	if r.Generation < 0 {
		return bundle.Format{}, failField("generation", "generation counts from 1; leave it out for the newest")
	}
	format, err := bundle.Find(r.Format)
	if err == nil {
		err = format.Check(r.Password, r.Directory)
	}
	if err != nil {
		return format, bundleRefusal(err)
	}
	if format.Password && r.Password == "" {
		r.Password = newPassword()
	}
	return format, nil
}

func (r *BundleRequest) make(format bundle.Format, t target, v PairView, ca string) (Bundle, error) {
	if v.Key == "" {
		return Bundle{}, fail(CodeConflict, "there is no key of generation %d here: it was destroyed after the pair's end or revocation, or never was here", v.Generation)
	}
	addresses := t.service.Bootstrap()
	if format.Address && len(addresses) == 0 {
		return Bundle{}, fail(CodeConflict, "the service has no address yet, which this format names: set user_config.bootstrap_servers to the CLIENT listener's \"host:port\", or take format pem")
	}
	files, err := bundle.Make(format.Name, bundle.Input{
		Project: t.Project.Name, Service: t.service.Name, User: t.user.Name, Generation: v.Generation,
		Bootstrap: strings.Join(addresses, ","), Cert: v.Cert, Key: v.Key, CA: ca,
		Password: r.Password, Dir: r.Directory,
	})
	return Bundle{Format: format.Name, Generation: v.Generation, NotAfter: v.NotAfter, Files: files, Password: r.Password}, bundleRefusal(err)
}

// bundleRefusal turns what a format cannot take into an Error and leaves everything else.
func bundleRefusal(err error) error {
	var refusal *bundle.Error
	if errors.As(err, &refusal) {
		return &Error{Code: CodeInvalid, Field: refusal.Field, Message: refusal.Message}
	}
	return err
}
