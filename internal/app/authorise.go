package app

import (
	"context"
	"errors"
)

// scope is the project a use case works in and what the actor is there.
type scope struct {
	Project Project
	Role    Role
}

// hidden reports whether the role sees neither pairs nor passwords.
func (s scope) hidden() bool { return !s.Role.May(ReadSecrets) }

// authorise finds the project and holds the actor's role in it against the
// permission. It is called inside the transaction that acts, so that a role
// taken away bites at once. Somebody without a role is told the same as for a
// project that does not exist.
func authorise(ctx context.Context, r Reader, actor Actor, project string, want Permission) (scope, error) {
	p, err := r.ProjectByName(ctx, project)
	if errors.Is(err, ErrNotFound) {
		return scope{}, noProject()
	}
	if err != nil {
		return scope{}, err
	}
	return authoriseIn(ctx, r, actor, p, want)
}

// reauthorise holds the actor's role against the permission again, in the project of
// a scope before, which may have another name by now, as another one may have its.
func reauthorise(ctx context.Context, r Reader, actor Actor, s scope, want Permission) (scope, error) {
	p, err := r.Project(ctx, s.Project.ID)
	if err != nil {
		return scope{}, err
	}
	if !p.DeletedAt.IsZero() {
		return scope{}, noProject()
	}
	return authoriseIn(ctx, r, actor, p, want)
}

func authoriseIn(ctx context.Context, r Reader, actor Actor, p Project, want Permission) (scope, error) {
	role, err := roleOf(ctx, r, actor, p.ID)
	if errors.Is(err, ErrNotFound) {
		return scope{}, &denial{refusal: noProject(), projectID: p.ID, permission: want}
	}
	if err != nil {
		return scope{}, err
	}
	if !role.May(want) {
		return scope{}, &denial{projectID: p.ID, permission: want, refusal: &Error{
			Code:    CodeForbidden,
			Message: "your role in this project, " + string(role) + ", does not allow this: ask one of its admins",
		}}
	}
	return scope{Project: p, Role: role}, nil
}

func roleOf(ctx context.Context, r Reader, actor Actor, projectID int64) (Role, error) {
	if actor.System || actor.Administrator {
		return RoleAdmin, nil
	}
	return r.Role(ctx, projectID, actor.AccountID)
}

func noProject() *Error {
	return &Error{Code: CodeNotFound, Message: "no such project, or you have no role in it"}
}

func findService(ctx context.Context, r Reader, s scope, name string) (Service, error) {
	service, err := r.ServiceByName(ctx, s.Project.ID, name)
	if errors.Is(err, ErrNotFound) {
		return Service{}, fail(CodeNotFound, "no such service in this project")
	}
	return service, err
}

func findUser(ctx context.Context, r Reader, service Service, name string) (User, error) {
	user, err := r.UserByName(ctx, service.ID, name)
	if errors.Is(err, ErrNotFound) {
		return User{}, fail(CodeNotFound, "no such service user in this service")
	}
	return user, err
}
