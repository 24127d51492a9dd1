package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/segue-project/segue/internal/lifecycle"
)

// Bindings returns every ACL of the cluster.
func (a *admin) Bindings(ctx context.Context) (map[lifecycle.Binding]bool, error) {
	req := kmsg.NewPtrDescribeACLsRequest()
	req.ResourceType, req.ResourcePatternType = kmsg.ACLResourceTypeAny, kmsg.ACLResourcePatternTypeAny
	req.Operation, req.PermissionType = kmsg.ACLOperationAny, kmsg.ACLPermissionTypeAny
	res, err := req.RequestWith(ctx, a.client)
	if err == nil {
		err = kerr.ErrorForCode(res.ErrorCode)
	}
	if err != nil {
		return nil, explain(err)
	}
	found := map[lifecycle.Binding]bool{}
	for _, r := range res.Resources {
		for _, acl := range r.ACLs {
			found[lifecycle.Binding{
				Resource: r.ResourceType.String(), Name: r.ResourceName, Pattern: r.ResourcePatternType.String(),
				Principal: acl.Principal, Host: acl.Host, Operation: acl.Operation.String(), Effect: acl.PermissionType.String(),
			}] = true
		}
	}
	return found, nil
}

// wireBinding is a binding in the numbers of Kafka's protocol.
type wireBinding struct {
	resource  kmsg.ACLResourceType
	pattern   kmsg.ACLResourcePatternType
	operation kmsg.ACLOperation
	effect    kmsg.ACLPermissionType
}

func wire(b lifecycle.Binding) (w wireBinding, err error) {
	var errs [4]error
	w.resource, errs[0] = kmsg.ParseACLResourceType(b.Resource)
	w.pattern, errs[1] = kmsg.ParseACLResourcePatternType(b.Pattern)
	w.operation, errs[2] = kmsg.ParseACLOperation(b.Operation)
	w.effect, errs[3] = kmsg.ParseACLPermissionType(b.Effect)
	return w, errors.Join(errs[:]...)
}

// CreateBindings puts ACLs on the cluster; those that are there stay.
func (a *admin) CreateBindings(ctx context.Context, bindings []lifecycle.Binding) error {
	req := kmsg.NewPtrCreateACLsRequest()
	for _, b := range bindings {
		w, err := wire(b)
		if err != nil {
			return fmt.Errorf("create an ACL: %w", err)
		}
		c := kmsg.NewCreateACLsRequestCreation()
		c.ResourceType, c.ResourceName, c.ResourcePatternType = w.resource, b.Name, w.pattern
		c.Principal, c.Host, c.Operation, c.PermissionType = b.Principal, b.Host, w.operation, w.effect
		req.Creations = append(req.Creations, c)
	}
	res, err := req.RequestWith(ctx, a.client)
	if err != nil {
		return explain(err)
	}
	if len(res.Results) != len(bindings) {
		return errors.New("the brokers answered for other ACLs than were to be created")
	}
	for _, r := range res.Results {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return explain(err)
		}
	}
	return nil
}

// DeleteBindings takes exactly these away. Each filter names one ACL in full: a
// literal "*" is the resource of that name and no wildcard here.
func (a *admin) DeleteBindings(ctx context.Context, bindings []lifecycle.Binding) error {
	req := kmsg.NewPtrDeleteACLsRequest()
	for _, b := range bindings {
		w, err := wire(b)
		if err != nil {
			return fmt.Errorf("delete an ACL: %w", err)
		}
		f := kmsg.NewDeleteACLsRequestFilter()
		f.ResourceType, f.ResourceName, f.ResourcePatternType = w.resource, &b.Name, w.pattern
		f.Principal, f.Host, f.Operation, f.PermissionType = &b.Principal, &b.Host, w.operation, w.effect
		req.Filters = append(req.Filters, f)
	}
	res, err := req.RequestWith(ctx, a.client)
	if err != nil {
		return explain(err)
	}
	for _, r := range res.Results {
		err := kerr.ErrorForCode(r.ErrorCode)
		for _, m := range r.MatchingACLs {
			err = errors.Join(err, kerr.ErrorForCode(m.ErrorCode))
		}
		if err != nil {
			return explain(err)
		}
	}
	return nil
}
