package httpapi

import (
	"bufio"
	"context"
	"net/http"
	"time"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) serviceRoutes() {
	stream[ProjectPath, api.ServicesReply](s, http.MethodGet, atProject+"/service", "ServiceList", "List services", s.listServices)
	call(s, http.MethodPost, atProject+"/service", "ServiceCreate", "Create a service", s.createService)
	serviceCall(s, http.MethodGet, atService, "ServiceGet", "Read a service with its users", s.getService)
	serviceCall(s, http.MethodPut, atService, "ServiceUpdate", "Change a service", s.updateService)
	call(s, http.MethodDelete, atService, "ServiceDelete", "Delete a service and its users", s.deleteService)
	call(s, http.MethodGet, atProject+"/vpcs", "VpcList", "Always empty", s.listVPCs)
	call(s, http.MethodGet, atProject+"/static-ips", "StaticIPList", "Always empty", s.listStaticIPs)
}

func (s *server) listServices(ctx context.Context, req *request, in *ProjectPath) (writes, error) {
	return func(ctx context.Context, w *bufio.Writer) error {
		return writeServices(ctx, w, s.App.ReadServices(ctx, req.actor, in.Project, req.now))
	}, nil
}

type createServiceInput struct {
	ProjectPath
	Body api.ServiceCreate
}

func (s *server) createService(ctx context.Context, req *request, in *createServiceInput) (api.ServiceReply, error) {
	b := in.Body
	if b.ServiceType != "" && b.ServiceType != kafkaType {
		return api.ServiceReply{}, &app.Error{Code: app.CodeInvalid, Field: "service_type", Message: "service_type must be kafka: Segue has no other"}
	}
	v, err := s.App.CreateService(ctx, req.actor, in.Project, app.NewService{
		Name: b.ServiceName, Plan: b.Plan, Cloud: b.Cloud, UserConfig: b.UserConfig,
		TechEmails: each(b.TechEmails, address), Tags: b.Tags, TerminationProtection: b.TerminationProtection,
	}, req.now)
	return api.ServiceReply{Service: service(v)}, err
}

type getServiceInput struct {
	ServicePath
	WithSecrets
}

func (s *server) getService(ctx context.Context, req *request, in *getServiceInput) (*app.ServiceReading, error) {
	return s.App.ReadService(ctx, req.actor, in.Project, in.Service, in.hides(), req.now)
}

type updateServiceInput struct {
	ServicePath
	Body api.ServiceUpdate
}

func (s *server) updateService(ctx context.Context, req *request, in *updateServiceInput) (*app.ServiceReading, error) {
	b := in.Body
	err := s.App.UpdateService(ctx, req.actor, in.Project, in.Service, app.ServicePatch{
		Plan: b.Plan, Cloud: b.Cloud, UserConfig: b.UserConfig, TechEmails: eachOrNil(b.TechEmails, address),
		TerminationProtection: b.TerminationProtection,
	}, req.now)
	if err != nil {
		return nil, err
	}
	return s.App.ReadService(ctx, req.actor, in.Project, in.Service, false, req.now)
}

func (s *server) deleteService(ctx context.Context, req *request, in *ServicePath) (api.Deleted, error) {
	until, err := s.App.DeleteService(ctx, req.actor, in.Project, in.Service, req.now)
	return deleted(until), err
}

func deleted(acceptedUntil time.Time) api.Deleted {
	if acceptedUntil.IsZero() {
		return api.Deleted{Message: "deleted"}
	}
	return api.Deleted{
		Message:       "deleted: every pair is revoked, but brokers that do not check revocation accept them until " + acceptedUntil.UTC().Format(time.RFC3339),
		AcceptedUntil: timeOrNull(acceptedUntil),
	}
}

func (s *server) listVPCs(ctx context.Context, req *request, in *ProjectPath) (api.VPCsReply, error) {
	_, err := s.App.GetProject(ctx, req.actor, in.Project, req.now)
	return api.VPCsReply{VPCs: []any{}}, err
}

func (s *server) listStaticIPs(ctx context.Context, req *request, in *ProjectPath) (api.StaticIPsReply, error) {
	_, err := s.App.GetProject(ctx, req.actor, in.Project, req.now)
	return api.StaticIPsReply{StaticIPs: []any{}}, err
}
