package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// ACL is one row of a service's access list, as somebody wished it.
type ACL struct {
	ID        int64
	ServiceID int64
	Revision  int64 // of the cluster, which the row made: rows are in its order
	lifecycle.Grant
	CreatedAt time.Time
}

// ClusterSync says how far a service's cluster has what is wished of it: its
// access list and, where users authenticate by SASL, their passwords.
type ClusterSync struct {
	ServiceID, ProjectID int64
	Revision             int64     // grows with each change of what is wished; 0: nothing ever was
	Applied              int64     // the newest revision that the cluster has
	SyncedAt             time.Time // when the cluster was last seen to be as wished; zero: never
	DueAt                time.Time // when it is looked at next; zero: not before something changes
	FailingSince         time.Time // zero: the last look went well
	Failures             int       // looks since the last that went well
	Error                string    // why the last look failed, for people
	Repaired             int       // bindings and passwords put back that somebody else had taken away
	RepairedAt           time.Time
}

// Pending reports whether the cluster does not have what is wished.
func (s ClusterSync) Pending() bool { return s.Applied < s.Revision }

// ClusterCount counts services by how their clusters stand.
type ClusterCount struct {
	Applied, Pending, Failing int // Failing are those whose last look failed
	Repaired                  int
}

// AccessReader reads access lists and what was done about them.
type AccessReader interface {
	// ACLs returns up to limit rows of the service after the revision, the oldest first.
	ACLs(ctx context.Context, serviceID, after int64, limit int) ([]ACL, error)
	ACL(ctx context.Context, serviceID, id int64) (ACL, error)
	CountACLs(ctx context.Context, serviceID int64) (int, error)
	// OwnBindings are the bindings that Segue put on the service's cluster, or was
	// about to: true where the cluster has confirmed them.
	OwnBindings(ctx context.Context, serviceID int64) (map[lifecycle.Binding]bool, error)
	ClusterSync(ctx context.Context, serviceID int64) (ClusterSync, error) // ErrNotFound: nothing ever was wished
	// ServiceByID returns deleted services too.
	ServiceByID(ctx context.Context, id int64) (Service, error)
	CountClusterSyncs(ctx context.Context) (ClusterCount, error)
	// PasswordsToSet returns up to limit users after the name, in name order, whose
	// password the cluster does not have.
	PasswordsToSet(ctx context.Context, serviceID int64, after string, limit int) ([]PasswordToSet, error)
	// PasswordsLeft returns up to limit names after the name whose password was set
	// on the cluster and who are users no more.
	PasswordsLeft(ctx context.Context, serviceID int64, after string, limit int) ([]string, error)
	// ClusterPasswords returns up to limit of the passwords recorded as set, after the name.
	ClusterPasswords(ctx context.Context, serviceID int64, after string, limit int) ([]ClusterPassword, error)
}

// PasswordToSet is a user's password on its way to the cluster.
type PasswordToSet struct {
	ProjectID, UserID int64
	Username          string
	Sealed            []byte
	Revision          int64 // of the password
}

// ClusterPassword records that a user's password was set on a cluster.
type ClusterPassword struct {
	Username string
	UserID   int64
	Revision int64 // of the password; 0: it was about to be set
}

// AccessWriter writes access lists and what was done about them.
type AccessWriter interface {
	InsertACL(ctx context.Context, a ACL) error // ErrExists: the service has the same row
	DeleteACL(ctx context.Context, serviceID, id int64) error
	// DeleteACLsOf removes the rows that name the user; n is how many it was.
	DeleteACLsOf(ctx context.Context, serviceID int64, username string) (n int, err error)
	DeleteAllACLs(ctx context.Context, serviceID int64) (n int, err error)
	// TouchCluster notes that something else is wished of the service's cluster:
	// from due on it is looked at. It returns the cluster's new revision.
	TouchCluster(ctx context.Context, projectID, serviceID int64, due time.Time) (revision int64, err error)
	// RecordBindings notes that Segue is about to put the bindings on the cluster.
	RecordBindings(ctx context.Context, serviceID int64, bindings []lifecycle.Binding) error
	ConfirmBindings(ctx context.Context, serviceID int64, bindings []lifecycle.Binding, at time.Time) error
	ForgetBindings(ctx context.Context, serviceID int64, bindings []lifecycle.Binding) error
	RecordPasswords(ctx context.Context, serviceID int64, passwords []ClusterPassword) error
	ForgetPasswords(ctx context.Context, serviceID int64, usernames []string) error
	// SaveClusterSync saves how a look at the cluster ended. Its DueAt is kept only
	// where nothing changed since Revision was read.
	SaveClusterSync(ctx context.Context, s ClusterSync) error
}

// ClusterAccess is how Segue's admin reaches a service's brokers.
type ClusterAccess struct {
	Addresses []string // of REPL, "host:port"
	CAs       []byte   // PEM, whom to trust
	Cert, Key []byte   // PEM; the key is nowhere else
}

// Clusters reaches Kafka clusters; package kafka does. Every call is bounded in
// time. Errors are for people: what is wrong at the cluster and what to do.
type Clusters interface {
	// Connect makes ready to ask; it fails only for what cannot be an access.
	Connect(a ClusterAccess) (Cluster, error)
}

// Cluster is a Kafka cluster asked as its administrator.
type Cluster interface {
	// Bindings returns every ACL of the cluster.
	Bindings(ctx context.Context) (map[lifecycle.Binding]bool, error)
	// CreateBindings puts ACLs on the cluster; those that are there stay. Where it
	// fails, some may have been created.
	CreateBindings(ctx context.Context, bindings []lifecycle.Binding) error
	// DeleteBindings takes exactly these away; what is not there is no error.
	DeleteBindings(ctx context.Context, bindings []lifecycle.Binding) error
	// SCRAMUsers returns those who have a SCRAM-SHA-512 password.
	SCRAMUsers(ctx context.Context) (map[string]bool, error)
	// SetPasswords sets SCRAM-SHA-512 passwords, by username.
	SetPasswords(ctx context.Context, passwords map[string]string) error
	// DeletePasswords takes SCRAM-SHA-512 passwords away; who has none is no error.
	DeletePasswords(ctx context.Context, usernames []string) error
	Close()
}
