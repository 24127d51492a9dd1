package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
	"github.com/segue-project/segue/internal/lifecycle"
)

// aclDiff is refused as a conflict where Segue does not know the brokers.
const aclDiff = "ServiceKafkaAclDiff"

func (s *server) aclRoutes() {
	call(s, http.MethodGet, atService+"/acl", "ServiceKafkaAclList", "A service's access list", s.listACL)
	call(s, http.MethodPost, atService+"/acl", "ServiceKafkaAclAdd", "Add a row to a service's access list", s.addACL)
	call(s, http.MethodDelete, atService+"/acl/{acl}", "ServiceKafkaAclDelete", "Delete a row of a service's access list", s.deleteACL)
	call(s, http.MethodGet, atService+"/acl-diff", aclDiff, "Compare a service's access list with its brokers", s.diffACL)
	call(s, http.MethodDelete, atService+"/kafka/schema-registry/acl/{acl}", "ServiceSchemaRegistryAclDelete", "Always 404", s.deleteSchemaRegistryACL)
}

func (s *server) listACL(ctx context.Context, req *request, in *ServicePath) (api.ACLReply, error) {
	list, err := s.App.ListACL(ctx, req.actor, in.Project, in.Service, req.now)
	return aclReply("", list), err
}

type addACLInput struct {
	ServicePath
	Body api.ACLCreate
}

func (s *server) addACL(ctx context.Context, req *request, in *addACLInput) (api.ACLReply, error) {
	g := lifecycle.Grant{Permission: in.Body.Permission, Topic: in.Body.Topic, Username: in.Body.Username}
	list, err := s.App.AddACL(ctx, req.actor, in.Project, in.Service, g, req.now)
	return aclReply("added", list), err
}

// ACLPath names a row of an access list.
type ACLPath struct {
	ServicePath
	ACL string `path:"acl" doc:"Id of the row"`
}

func (s *server) deleteACL(ctx context.Context, req *request, in *ACLPath) (api.ACLReply, error) {
	list, err := s.App.DeleteACL(ctx, req.actor, in.Project, in.Service, in.ACL, req.now)
	return aclReply("deleted", list), err
}

func (s *server) diffACL(ctx context.Context, req *request, in *ServicePath) (api.ACLDiff, error) {
	d, err := s.App.DiffACL(ctx, req.actor, in.Project, in.Service, req.now)
	return api.ACLDiff{
		Missing: each(d.Missing, kafkaACL), Extra: each(d.Extra, kafkaACL), Foreign: each(d.Foreign, kafkaACL), Pending: d.Pending,
	}, err
}

// deleteSchemaRegistryACL is what existing clients call beside deleting the rows
// that a new service of theirs has; ours has none.
func (s *server) deleteSchemaRegistryACL(ctx context.Context, req *request, in *ACLPath) (api.Done, error) {
	if _, err := s.App.ListACL(ctx, req.actor, in.Project, in.Service, req.now); err != nil {
		return api.Done{}, err
	}
	return api.Done{}, &app.Error{Code: app.CodeNotFound, Message: "no such row: Segue keeps no access list of a schema registry"}
}

// aclReply says what was done, and what is still to be done at the brokers.
func aclReply(done string, list app.ACLList) api.ACLReply {
	reply := api.ACLReply{ACL: each(list.Rows, acl), Message: done, Pending: list.Pending}
	switch {
	case done == "":
		reply.Message = list.Pending
	case list.Pending != "":
		reply.Message = done + "; " + list.Pending
	}
	return reply
}

func acl(v app.ACLView) api.ACL {
	return api.ACL{ID: app.ACLID(v.ID), Permission: v.Permission, Topic: v.Topic, Username: v.Username, Applied: v.Applied}
}

func kafkaACL(b lifecycle.Binding) api.KafkaACL {
	return api.KafkaACL{
		Principal: b.Principal, Permission: b.Effect, Operation: b.Operation,
		ResourceType: b.Resource, ResourceName: b.Name, PatternType: b.Pattern, Host: b.Host,
	}
}
