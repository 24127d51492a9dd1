package lifecycle

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// The permissions of a grant.
const (
	PermissionAdmin     = "admin"
	PermissionRead      = "read"
	PermissionReadWrite = "readwrite"
	PermissionWrite     = "write"
)

// Grant says that a user may do something with topics; a service user may do
// what the grants of its service say and nothing else.
type Grant struct {
	Permission string
	Topic      string // a name; "*" for every topic; a name's beginning and "*"
	Username   string // a name, or "*" for every user of the service
}

// topicRule is what Kafka takes as the name of a topic, or as its beginning.
var topicRule = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)

// CheckGrant refuses what no Kafka ACL can say.
func CheckGrant(g Grant) error {
	if len(operations[g.Permission]) == 0 {
		return invalid("permission", "permission must be admin, read, readwrite or write")
	}
	name := strings.TrimSuffix(g.Topic, anything)
	switch {
	case g.Topic == anything:
	case !topicRule.MatchString(name):
		return invalid("topic", `topic must be a topic's name, "*" for every topic, or a name's beginning and "*": 1 to 249 letters, digits, '.', '_' or '-', and no other wildcard`)
	case g.Topic == "." || g.Topic == "..":
		return invalid("topic", `topic must not be "." or "..", which Kafka takes for no topic`)
	}
	if g.Username == anything {
		return nil
	}
	if err := CheckName("username", g.Username); err != nil {
		return invalid("username", `username must be a service user's name, or "*" for every user of the service: no other wildcard`)
	}
	return nil
}

// anything is the wildcard of grants and of Kafka's literal patterns alike.
const anything = "*"

// Every binding of Segue has this host and this effect.
const (
	AnyHost     = "*"
	EffectAllow = "ALLOW"
)

// Binding is one ACL on a Kafka cluster, in the words of Kafka's Admin API.
type Binding struct {
	Resource  string // TOPIC, GROUP, TRANSACTIONAL_ID, …
	Name      string
	Pattern   string // LITERAL or PREFIXED
	Principal string // such as User:writer
	Host      string
	Operation string // READ, WRITE, …
	Effect    string // ALLOW or DENY
}

// Compare orders bindings by principal, then by what they are about.
func (b Binding) Compare(other Binding) int {
	return cmp.Or(
		strings.Compare(b.Principal, other.Principal), strings.Compare(b.Resource, other.Resource),
		strings.Compare(b.Name, other.Name), strings.Compare(b.Pattern, other.Pattern),
		strings.Compare(b.Operation, other.Operation), strings.Compare(b.Effect, other.Effect), strings.Compare(b.Host, other.Host),
	)
}

// The kinds of resources that grants are about.
const (
	resourceTopic       = "TOPIC"
	resourceGroup       = "GROUP"
	resourceTransaction = "TRANSACTIONAL_ID"
)

// operations are what each permission allows on each kind of resource. On topics
// it is those that the grant names, on the others every one, as clients choose
// the names of their groups and transactions. WRITE on a topic takes in
// idempotent writing.
var operations = map[string]map[string][]string{
	PermissionRead: {
		resourceTopic: {"READ", "DESCRIBE", "DESCRIBE_CONFIGS"},
		resourceGroup: {"READ", "DESCRIBE", "DELETE"},
	},
	PermissionWrite: {
		resourceTopic:       {"WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"},
		resourceTransaction: {"WRITE", "DESCRIBE"},
	},
	PermissionReadWrite: {
		resourceTopic:       {"READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS"},
		resourceGroup:       {"READ", "DESCRIBE", "DELETE"},
		resourceTransaction: {"WRITE", "DESCRIBE"},
	},
	PermissionAdmin: {
		resourceTopic:       {"READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"},
		resourceGroup:       {"READ", "DESCRIBE", "DELETE"},
		resourceTransaction: {"WRITE", "DESCRIBE"},
	},
}

// Bindings are the ACLs by which a cluster allows what a checked grant says.
func (g Grant) Bindings() []Binding {
	var all []Binding
	for resource, ops := range operations[g.Permission] {
		name, pattern := anything, patternLiteral
		if resource == resourceTopic {
			name, pattern = g.topicPattern()
		}
		for _, op := range ops {
			all = append(all, Binding{
				Resource: resource, Name: name, Pattern: pattern, Principal: PrincipalOf(g.Username),
				Host: AnyHost, Operation: op, Effect: EffectAllow,
			})
		}
	}
	slices.SortFunc(all, Binding.Compare)
	return all
}

const (
	patternLiteral  = "LITERAL"
	patternPrefixed = "PREFIXED"
)

// topicPattern is the grant's topic as Kafka says it: a literal "*" is every name.
func (g Grant) topicPattern() (name, pattern string) {
	if prefix, cut := strings.CutSuffix(g.Topic, anything); cut && prefix != "" {
		return prefix, patternPrefixed
	}
	return g.Topic, patternLiteral
}

// PrincipalOf is the Kafka principal of a user; of "*", every user.
func PrincipalOf(username string) string { return "User:" + username }

// UserOf is the user of a Kafka principal; empty where it is none.
func UserOf(principal string) string {
	user, _ := strings.CutPrefix(principal, "User:")
	return user
}

// AccessFacts are what is known of a cluster's ACLs.
type AccessFacts struct {
	Wished map[Binding]bool // what the service's grants come to
	// Own are the bindings that Segue put on the cluster, or is about to: true
	// once the cluster has confirmed it. What is not in here is somebody else's.
	Own   map[Binding]bool
	Found map[Binding]bool // what the cluster has
}

// AccessPlan is what has to be done to a cluster's ACLs, each list in order.
type AccessPlan struct {
	Create  []Binding // put on the cluster, once they are recorded as Segue's own
	Confirm []Binding // are there, and were not noted as confirmed
	Delete  []Binding // take off the cluster: Segue's own, and no longer wished
	Forget  []Binding // record no longer: as Delete, and not on the cluster already
	Lost    []Binding // of Create, those that the cluster once had: somebody took them away
	// Foreign are on the cluster and not Segue's own; they are left alone.
	Foreign []Binding
}

// InSync reports whether nothing has to be done to the cluster.
func (p AccessPlan) InSync() bool { return len(p.Create) == 0 && len(p.Delete) == 0 }

// PlanAccess decides what has to be done so that the cluster allows what is
// wished. Only what Segue put there itself is ever taken away.
func PlanAccess(f AccessFacts) AccessPlan {
	var p AccessPlan
	for b := range f.Wished {
		confirmed, own := f.Own[b]
		switch {
		case !f.Found[b]:
			p.Create = append(p.Create, b)
			if confirmed {
				p.Lost = append(p.Lost, b)
			}
		case own && !confirmed:
			p.Confirm = append(p.Confirm, b)
		}
	}
	for b := range f.Own {
		switch {
		case f.Wished[b]:
		case f.Found[b]:
			p.Delete = append(p.Delete, b)
		default:
			p.Forget = append(p.Forget, b)
		}
	}
	for b := range f.Found {
		if _, own := f.Own[b]; !own {
			p.Foreign = append(p.Foreign, b)
		}
	}
	for _, list := range [][]Binding{p.Create, p.Confirm, p.Delete, p.Forget, p.Lost, p.Foreign} {
		slices.SortFunc(list, Binding.Compare)
	}
	return p
}

// WishedBindings are what grants come to together.
func WishedBindings(grants []Grant) map[Binding]bool {
	wished := map[Binding]bool{}
	for _, g := range grants {
		for _, b := range g.Bindings() {
			wished[b] = true
		}
	}
	return wished
}
