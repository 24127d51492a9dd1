package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

// Every project of an instance belongs to one organization. Existing clients
// look its account up before they make a project.
const (
	organizationID = "org00000000001"
	accountID      = "a000000000001"
)

// OrganizationPath names an organization.
type OrganizationPath struct {
	Organization string `path:"organization" doc:"The organization_id of a project"`
}

func (s *server) organizationRoutes() {
	call(s, http.MethodGet, "/v1/organization/{organization}", "OrganizationGet", "The organization of this instance", s.organization)
}

func (s *server) organization(_ context.Context, _ *request, in *OrganizationPath) (api.Organization, error) {
	if in.Organization != organizationID {
		return api.Organization{}, &app.Error{Code: app.CodeNotFound, Message: "no such organization: a project names the one there is"}
	}
	return api.Organization{OrganizationID: organizationID, OrganizationName: "Segue", AccountID: accountID}, nil
}
