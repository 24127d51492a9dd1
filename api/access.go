package api

import (
	"context"
	"net/http"
)

// ACL is one row of a service's Kafka access list.
type ACL struct {
	ID         string `json:"id"`
	Permission string `json:"permission" doc:"admin, read, readwrite or write"`
	Topic      string `json:"topic" doc:"A name, * for every topic, or a name's beginning and *"`
	Username   string `json:"username" doc:"A service user, or * for every one"`
	Applied    bool   `json:"applied" doc:"The brokers have it"`
}

// ACLCreate is a new row of an access list.
type ACLCreate struct {
	Permission string `json:"permission" doc:"admin, read, readwrite or write"`
	Topic      string `json:"topic" doc:"A name, * for every topic, or a name's beginning and *"`
	Username   string `json:"username" doc:"A service user, or * for every one"`
}

// ACLReply is a service's whole access list, the newest row last.
type ACLReply struct {
	ACL     []ACL  `json:"acl"`
	Message string `json:"message" doc:"What was done, and why the brokers do not have it yet where they do not"`
	Pending string `json:"pending,omitempty" doc:"Why the brokers do not have all of it yet, and what to do"`
}

// KafkaACL is one ACL on the brokers, in Kafka's own words.
type KafkaACL struct {
	Principal    string `json:"principal"`
	Permission   string `json:"permission" doc:"ALLOW or DENY"`
	Operation    string `json:"operation"`
	ResourceType string `json:"resource_type"`
	ResourceName string `json:"resource_name"`
	PatternType  string `json:"pattern_type" doc:"LITERAL or PREFIXED"`
	Host         string `json:"host"`
}

// ACLDiff is how the ACLs of the brokers differ from a service's access list.
type ACLDiff struct {
	Missing []KafkaACL `json:"missing" doc:"Wished, and not on the brokers"`
	Extra   []KafkaACL `json:"extra" doc:"Put there by Segue, and wished no longer"`
	Foreign []KafkaACL `json:"foreign" doc:"About users of the service, not put there by Segue, and left alone"`
	Pending string     `json:"pending,omitempty" doc:"Why the brokers do not have what is wished yet, and what to do"`
}

// ACLs returns a service's access list.
func (c *Client) ACLs(ctx context.Context, project, service string) (ACLReply, error) {
	var reply ACLReply
	err := c.get(ctx, &reply, aclPath(project, service)...)
	return reply, err
}

// AddACL adds a row to a service's access list.
func (c *Client) AddACL(ctx context.Context, project, service string, a ACLCreate) (ACLReply, error) {
	var reply ACLReply
	err := c.do(ctx, call{method: http.MethodPost, path: aclPath(project, service), in: a, out: &reply})
	return reply, err
}

// DeleteACL takes a row off a service's access list.
func (c *Client) DeleteACL(ctx context.Context, project, service, id string) (ACLReply, error) {
	var reply ACLReply
	err := c.do(ctx, call{method: http.MethodDelete, path: append(aclPath(project, service), id), out: &reply})
	return reply, err
}

// DiffACL compares a service's access list with what its brokers have now.
func (c *Client) DiffACL(ctx context.Context, project, service string) (ACLDiff, error) {
	var reply ACLDiff
	err := c.get(ctx, &reply, append(servicePath(project, service), "acl-diff")...)
	return reply, err
}

func aclPath(project, service string) []string { return append(servicePath(project, service), "acl") }
