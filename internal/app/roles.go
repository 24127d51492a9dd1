package app

// Role is what a member may do in a project.
type Role string

// The roles, from the most to the least.
const (
	RoleAdmin     Role = "admin"
	RoleOperator  Role = "operator"
	RoleDeveloper Role = "developer"
	RoleReadOnly  Role = "read_only"
)

// Permission is what a use case asks for.
type Permission string

// The permissions; the matrix below says who has them.
const (
	ReadProject    Permission = "read"         // everything but secrets
	ReadSecrets    Permission = "read-secrets" // keys and passwords
	ManageUsers    Permission = "users"        // create, renew, reset, delete users; acknowledge
	ManageServices Permission = "services"     // create, change and delete services
	ManagePolicy   Permission = "policy"
	ManageNotices  Permission = "notices" // contacts, channels, retries
	ManageMembers  Permission = "members"
	ManageProject  Permission = "project" // name and tags
	DeleteProject  Permission = "delete-project"
	MakeBrokerKit  Permission = "broker-kit"
	ManageACLs     Permission = "acls" // what users may do at the brokers
)

var matrix = map[Role]map[Permission]bool{
	RoleAdmin:     {ReadProject: true, ReadSecrets: true, ManageUsers: true, ManageServices: true, ManagePolicy: true, ManageNotices: true, ManageMembers: true, ManageProject: true, DeleteProject: true, MakeBrokerKit: true, ManageACLs: true},
	RoleOperator:  {ReadProject: true, ReadSecrets: true, ManageUsers: true, ManageServices: true, ManagePolicy: true, ManageNotices: true, ManageProject: true, ManageACLs: true},
	RoleDeveloper: {ReadProject: true, ReadSecrets: true, ManageUsers: true, ManageACLs: true},
	RoleReadOnly:  {ReadProject: true},
}

// May reports whether the role has the permission.
func (r Role) May(p Permission) bool { return matrix[r][p] }
