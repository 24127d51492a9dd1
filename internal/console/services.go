package console

import (
	"net/http"
	"strings"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) serviceRoutes() {
	const services = "/projects/{project}/services"
	s.mux.HandleFunc("GET "+services, s.inProject("services", (*visit).servicesPage))
	s.mux.HandleFunc("GET /projects/{project}/new-service", s.inProject("services", (*visit).newServicePage))
	s.mux.HandleFunc("POST /projects/{project}/new-service", s.inProject("services", (*visit).createService))
	s.mux.HandleFunc("GET "+services+"/{service}", s.inService("overview", (*visit).serviceOverview))
	s.mux.HandleFunc("GET "+services+"/{service}/"+caFile, s.inService("overview", (*visit).serviceCA))
	s.mux.HandleFunc("GET "+services+"/{service}/banner", s.inService("overview", (*visit).serviceBanner))
	s.mux.HandleFunc("GET "+services+"/{service}/users", s.inService("users", (*visit).usersPage))
	s.accessRoutes(services + "/{service}")
	s.mux.HandleFunc("GET "+services+"/{service}/notifications", s.inService("notifications", (*visit).serviceNotices))
	s.mux.HandleFunc("POST "+services+"/{service}/notifications", s.inService("notifications", (*visit).setServiceContacts))
	s.mux.HandleFunc("GET "+services+"/{service}/activity", s.inService("activity", (*visit).serviceActivity))
	s.mux.HandleFunc("GET "+services+"/{service}/change", s.inService("overview", (*visit).changeServicePage))
	s.mux.HandleFunc("POST "+services+"/{service}/change", s.inService("overview", (*visit).changeService))
	s.mux.HandleFunc("GET "+services+"/{service}/delete", s.inService("overview", (*visit).deleteServicePage))
	s.mux.HandleFunc("POST "+services+"/{service}/delete", s.inService("overview", (*visit).deleteService))
}

// serviceFrame is what surrounds the pages of a service.
type serviceFrame struct {
	frame
	Service   app.ServiceView // without users
	Tab       string
	Counts    app.StateCounts
	Bootstrap string // the brokers' addresses; empty where nobody said
}

// inService serves a tab of a service.
func (s *server) inService(tab string, p func(*visit, serviceFrame) error) http.HandlerFunc {
	return s.inProject("services", func(v *visit) error {
		f, err := v.enterService(tab)
		if err != nil {
			return err
		}
		return p(v, f)
	})
}

func (v *visit) enterService(tab string) (serviceFrame, error) {
	ctx, name := v.r.Context(), v.r.PathValue("service")
	f := serviceFrame{Tab: tab}
	counts, err := v.App.CountUsers(ctx, v.actor, v.frame.Project, name, v.now)
	if err != nil {
		return f, err
	}
	f.Counts = counts
	if f.Service, err = v.App.SummarizeService(ctx, v.actor, v.frame.Project, name, v.now); err != nil {
		return f, err
	}
	f.Bootstrap = strings.Join(f.Service.Bootstrap(), ",")
	f.frame = v.frame
	return f, nil
}

// path is a page of the service.
func (f serviceFrame) path(rest ...string) string {
	return f.frame.path(append([]string{"services", f.Service.Name}, rest...)...)
}

// serviceBanner answers with the banner alone, for pages that look whether it changed.
func (v *visit) serviceBanner(f serviceFrame) error {
	return v.render(http.StatusOK, bannerPlace(f))
}

func (v *visit) servicesPage() error {
	found, next, err := v.App.ListServiceCounts(v.r.Context(), v.actor, v.frame.Project, app.Page{After: v.r.URL.Query().Get("after")}, v.now)
	if err != nil {
		return err
	}
	return v.show("Services", servicesPage(v.frame, found, v.r.URL.RequestURI(), next))
}
