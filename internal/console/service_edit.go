package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// newService is what the form of a new service holds.
type newService struct{ Name, Bootstrap, Message string }

func (v *visit) newServicePage() error {
	if err := v.manages(app.ManageServices); err != nil {
		return err
	}
	return v.newServiceWith(http.StatusOK, newService{})
}

func (v *visit) newServiceWith(status int, n newService) error {
	return v.dialog(status, "Add service", newServiceDialog(v.frame, n))
}

func (v *visit) createService() error {
	if err := v.manages(app.ManageServices); err != nil {
		return err
	}
	if err := v.form(); err != nil {
		return err
	}
	n := newService{Name: strings.TrimSpace(v.r.PostForm.Get("name")), Bootstrap: strings.TrimSpace(v.r.PostForm.Get("bootstrap"))}
	config := map[string]any{}
	if n.Bootstrap != "" {
		config["bootstrap_servers"] = n.Bootstrap
	}
	err := v.App.AddService(v.r.Context(), v.actor, v.frame.Project, app.NewService{Name: n.Name, UserConfig: config}, v.now)
	if err != nil {
		status, e := v.refusal(err)
		n.Message = inForm(e.Message)
		return v.newServiceWith(status, n)
	}
	return v.done(v.frame.path("services", n.Name), "Service "+n.Name+" is added, with its user "+primaryUser+".")
}

// inForm says a refusal with the names that the form's fields have.
func inForm(message string) string {
	return sentence(strings.NewReplacer(
		"user_config.bootstrap_servers", "bootstrap servers", "service_name", "name", "tech_emails", "contacts",
		"user_email", "email", "member_type", "role", "renew_before", "renewed before its end", "after_lapse", "after a lapse",
		"digest_interval", "one digest each", "digest_delay", "the time for which news are gathered", "time_zone", "time zone",
	).Replace(message))
}

// serviceChange is what the form that changes a service holds.
type serviceChange struct {
	Bootstrap, Message string
	Protected          bool
}

func (v *visit) changeServicePage(f serviceFrame) error {
	if err := v.manages(app.ManageServices); err != nil {
		return err
	}
	return v.changeServiceWith(f, http.StatusOK, serviceChange{
		Bootstrap: strings.ReplaceAll(f.Bootstrap, ",", ", "), Protected: f.Service.TerminationProtection,
	})
}

func (v *visit) changeServiceWith(f serviceFrame, status int, c serviceChange) error {
	return v.dialog(status, "Change "+f.Service.Name, changeServiceDialog(f, c))
}

func (v *visit) changeService(f serviceFrame) error {
	if err := v.manages(app.ManageServices); err != nil {
		return err
	}
	if err := v.form(); err != nil {
		return err
	}
	c := serviceChange{Bootstrap: strings.TrimSpace(v.r.PostForm.Get("bootstrap")), Protected: v.r.PostForm.Get("protected") != ""}
	var bootstrap any // nil takes the option away
	if c.Bootstrap != "" {
		bootstrap = c.Bootstrap
	}
	err := v.App.UpdateService(v.r.Context(), v.actor, f.Project, f.Service.Name, app.ServicePatch{
		UserConfig: map[string]any{"bootstrap_servers": bootstrap}, TerminationProtection: &c.Protected,
	}, v.now)
	if err != nil {
		status, e := v.refusal(err)
		c.Message = inForm(e.Message)
		return v.changeServiceWith(f, status, c)
	}
	return v.done(f.path(), "Service "+f.Service.Name+" is changed.")
}

// deletion is what the form that deletes a service shows.
type deletion struct {
	Typed, Message string
	Until          time.Time // until when its pairs are accepted by brokers that do not check; zero: no pair is left
}

func (v *visit) deleteServicePage(f serviceFrame) error {
	if err := v.manages(app.ManageServices); err != nil {
		return err
	}
	return v.deleteServiceWith(f, http.StatusOK, deletion{})
}

func (v *visit) deleteServiceWith(f serviceFrame, status int, d deletion) error {
	var err error
	if d.Until, err = v.App.PairsEnd(v.r.Context(), v.actor, f.Project, f.Service.Name, v.now); err != nil {
		return err
	}
	return v.dialog(status, "Delete "+f.Service.Name, deleteServiceDialog(f, d))
}

func (v *visit) deleteService(f serviceFrame) error {
	if err := v.manages(app.ManageServices); err != nil {
		return err
	}
	if err := v.form(); err != nil {
		return err
	}
	d := deletion{Typed: strings.TrimSpace(v.r.PostForm.Get("name"))}
	if d.Typed != f.Service.Name {
		d.Message = "The name does not match. Nothing was deleted; type " + f.Service.Name + "."
		return v.deleteServiceWith(f, http.StatusUnprocessableEntity, d)
	}
	until, err := v.App.DeleteService(v.r.Context(), v.actor, f.Project, f.Service.Name, v.now)
	if err != nil {
		status, e := v.refusal(err)
		d.Message = sentence(e.Message)
		return v.deleteServiceWith(f, status, d)
	}
	said := "Service " + f.Service.Name + " is deleted, with its users."
	if !until.IsZero() {
		said += " Brokers that do not check revocation accept its pairs until " + day(until, f.Zone) + "."
	}
	return v.done(f.frame.path("services"), said)
}

// goWith is the verb that goes with a number: "1 user goes", "3 users go".
func goWith(n int) string {
	if n == 1 {
		return "goes"
	}
	return "go"
}
