package app

import (
	"context"
	"fmt"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// Store keeps everything. Times go in and come out in UTC, cut to milliseconds.
// Reads of missing rows return ErrNotFound.
type Store interface {
	NoticeStore

	// Read runs fn on one consistent snapshot.
	Read(ctx context.Context, fn func(Reader) error) error
	// Write runs fn in one transaction: durable when it returns nil, without a
	// trace when it returns an error. fn may run again after a conflict with
	// another writer, so it must not change anything outside.
	Write(ctx context.Context, fn func(Tx) error) error

	// DueShards returns the shards that hold a user due at now, or a key to destroy.
	DueShards(ctx context.Context, now time.Time) ([]int, error)
	// DuePage returns up to limit users of a shard that are due at now, after the
	// cursor, in the order (due, user id). Its cost does not depend on how many
	// users are not due.
	DuePage(ctx context.Context, shard int, now time.Time, after DueCursor, limit int) ([]DueUser, error)
	// CountDue counts the users due at now in every shard.
	CountDue(ctx context.Context, now time.Time) (int, error)
	// DueClusters returns up to limit services whose cluster is to be looked at,
	// deleted ones too, the longest due first.
	DueClusters(ctx context.Context, now time.Time, limit int) ([]int64, error)
}

// Shards is how many shards users are spread over; see ShardOf.
const Shards = 16

// ShardOf is the shard of a user: a range of ids, so that a shard's rows lie
// together and a sweep's page touches few pages of the disk. Ids are random and
// positive, so shards are even.
func ShardOf(userID int64) int { return int(uint64(userID) >> 59) }

// Reader reads what the use cases need.
type Reader interface {
	AccountReader
	ProjectReader
	ServiceReader
	UserReader
	ListReader
	CAReader
	AuditReader
	MemberReader
	ChannelReader
	MessageReader
	AccessReader
}

// Tx reads and writes within one transaction.
type Tx interface {
	Reader
	AccountWriter
	ProjectWriter
	ServiceWriter
	UserWriter
	CAWriter
	AuditWriter
	MemberWriter
	ChannelWriter
	MessageWriter
	AccessWriter
}

// Account is a person who can sign in.
type Account struct {
	ID            int64
	Email         string // lower case
	RealName      string
	PasswordHash  string // argon2id, encoded
	Administrator bool   // of the instance: makes projects and is admin in each
	CreatedAt     time.Time
}

// TokenKind says where a token is presented; neither kind works in the other's place.
type TokenKind string

// The kinds of tokens.
const (
	BearerToken  TokenKind = "token"   // in a header
	SessionToken TokenKind = "session" // in a browser's cookie
)

// Token lets an account in; only its SHA-256 is kept.
type Token struct {
	ID          int64
	AccountID   int64
	Kind        TokenKind
	Hash        []byte
	Prefix      string
	Description string
	CreatedAt   time.Time
	ExpiresAt   time.Time     // zero: does not expire
	MaxAge      time.Duration // what it was made for; zero: does not expire, or was not noted
	// ExtendWhenUsed moves ExpiresAt to MaxAge from each use.
	ExtendWhenUsed bool
	LastUsedAt     time.Time
	LastIP         string
	LastUserAgent  string
	RevokedAt      time.Time
}

// TokenCursor is a place in an account's tokens, which are ordered by (CreatedAt,
// ID), the newest first; zero is before all.
type TokenCursor struct {
	CreatedAt time.Time
	ID        int64
}

// SetupLink is the one-time link by which the first administrator is made; only
// its token's SHA-256 is kept.
type SetupLink struct {
	TokenHash []byte
	Email     string // lower case
	CreatedAt time.Time
	ExpiresAt time.Time
}

// AccountReader reads accounts, tokens and roles.
type AccountReader interface {
	Account(ctx context.Context, id int64) (Account, error)
	AccountByEmail(ctx context.Context, email string) (Account, error)
	CountAccounts(ctx context.Context) (int, error)
	// SetupLink returns the link by which the first administrator is made, by its token's hash.
	SetupLink(ctx context.Context, hash []byte) (SetupLink, error)
	// Sessions returns up to limit sessions of the account that are live at now
	// and were used since the moment, the newest first.
	Sessions(ctx context.Context, accountID int64, now, usedSince time.Time, limit int) ([]Token, error)
	// SignInAddresses returns the addresses from which the account's newest tokens
	// were used last, at most limit, some perhaps twice; one never used has none.
	SignInAddresses(ctx context.Context, accountID int64, limit int) ([]string, error)
	TokenByHash(ctx context.Context, hash []byte) (Token, error)
	// Tokens returns up to limit tokens of the account that are good at now, the
	// newest first, before the cursor.
	Tokens(ctx context.Context, accountID int64, before TokenCursor, now time.Time, limit int) ([]Token, error)
	// CountTokens counts the account's tokens that are good at now.
	CountTokens(ctx context.Context, accountID int64, now time.Time) (int, error)
	// TokensByPrefix returns the account's tokens that are good at now and have
	// this prefix: two where there are more.
	TokensByPrefix(ctx context.Context, accountID int64, prefix string, now time.Time) ([]Token, error)
	// Role returns the account's role in the project; ErrNotFound when it has none.
	Role(ctx context.Context, projectID, accountID int64) (Role, error)
}

// AccountWriter writes accounts, tokens and roles.
type AccountWriter interface {
	InsertAccount(ctx context.Context, a Account) error // ErrExists: email taken
	// SetSetupLink replaces any set-up link.
	SetSetupLink(ctx context.Context, l SetupLink) error
	DeleteSetupLinks(ctx context.Context) error
	InsertToken(ctx context.Context, t Token) error
	// TouchToken notes a use and until when the token is good after it; zero: without end.
	TouchToken(ctx context.Context, id int64, at time.Time, ip, userAgent string, expiresAt time.Time) error
	SetTokenDescription(ctx context.Context, id int64, description string) error
	RevokeToken(ctx context.Context, id int64, at time.Time) error
	// RevokeTokens revokes the account's tokens of a kind, or of every kind where
	// none is named, and returns how many were not revoked yet.
	RevokeTokens(ctx context.Context, accountID int64, kind TokenKind, at time.Time) (int, error)
	// SetPasswordHash replaces the hash that the account's password is held against.
	SetPasswordHash(ctx context.Context, accountID int64, hash string) error
	// SetRole gives the account a role in the project, replacing any it has.
	SetRole(ctx context.Context, projectID, accountID int64, role Role, at time.Time) error
}

// Project is a tenant.
type Project struct {
	ID   int64
	Name string
	// FirstName never changes and nobody else can take it: it stands in certificates.
	FirstName  string
	TechEmails []string
	Tags       map[string]string
	Labels     ProjectLabels
	Override   lifecycle.Override
	Notices    []byte    // JSON object, what the project sets of its notices itself; nil inherits all
	NewsAt     time.Time // when a digest is due about what is new; zero: nothing is
	DigestAt   time.Time // when the newest digest was recorded; zero for none
	CreatedAt  time.Time
	DeletedAt  time.Time // zero while it is there
}

// ProjectLabels are what existing clients set and want to read again; they change
// nothing here.
type ProjectLabels struct {
	Cloud        string // where new services of other products would run
	BillingGroup string
}

// ProjectReader reads projects that are not deleted, unless it says otherwise.
type ProjectReader interface {
	Project(ctx context.Context, id int64) (Project, error) // a deleted one too
	ProjectByName(ctx context.Context, name string) (Project, error)
	// Projects returns up to limit projects after the name, in name order;
	// accountID 0 means all, else those where the account has a role.
	Projects(ctx context.Context, accountID int64, after string, limit int) ([]Project, error)
	// FirstNameTaken reports whether a project, a deleted one too, had this name first.
	FirstNameTaken(ctx context.Context, name string) (bool, error)
}

// ProjectWriter writes projects.
type ProjectWriter interface {
	InsertProject(ctx context.Context, p Project) error // ErrExists: name or first name taken
	SetProjectPolicy(ctx context.Context, projectID int64, o lifecycle.Override) error
	// RenameProject leaves the first name alone. ErrExists: name taken.
	RenameProject(ctx context.Context, projectID int64, name string) error
	SetProjectLabels(ctx context.Context, projectID int64, l ProjectLabels) error
	SetProjectTags(ctx context.Context, projectID int64, tags map[string]string) error
	// DeleteProject marks the project, frees its name and withdraws its
	// invitations. It never leaves a service in a deleted project: the transaction
	// runs again where one was made meanwhile.
	DeleteProject(ctx context.Context, projectID int64, at time.Time) error
}

// Service is one Kafka cluster.
type Service struct {
	ID         int64
	ProjectID  int64
	Name       string
	Plan       string
	Cloud      string
	UserConfig []byte // JSON object, as the owner set it
	TechEmails []string
	Tags       map[string]string
	// Maintenance is kept for clients that set it and want to read it again.
	Maintenance Maintenance
	Override    lifecycle.Override
	Notices     []byte // JSON object, as a project's
	// TerminationProtection refuses deletion while it is true.
	TerminationProtection bool
	// ReplAddresses are the REPL listeners by which Segue's admin reaches the
	// brokers, "host:port", as the newest broker kit set them.
	ReplAddresses []string
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeletedAt     time.Time
}

// Maintenance is the window in which the owner lets others work on the brokers.
// Segue never does.
type Maintenance struct {
	Day  string // monday to sunday, never; empty: not set
	Time string // HH:MM:SS in UTC; empty: not set
}

// ServiceReader reads services that are not deleted, unless it says otherwise.
type ServiceReader interface {
	ServiceByName(ctx context.Context, projectID int64, name string) (Service, error)
	// Services returns up to limit services after the name, in name order.
	Services(ctx context.Context, projectID int64, after string, limit int) ([]Service, error)
	CountServices(ctx context.Context, projectID int64) (int, error)
	// DeletedPairsEnd is the latest end of the revoked pairs that users of this
	// name left behind when they or their services were deleted: until then a
	// broker that does not check revocation accepts them. With an empty user name
	// it looks at all users of services of this name. ErrNotFound: none is left at now.
	DeletedPairsEnd(ctx context.Context, projectID int64, service, user string, now time.Time) (time.Time, error)
	// PairsEnd is the latest end of the pairs of the service's users, revoked ones
	// too; ErrNotFound: none is left at now.
	PairsEnd(ctx context.Context, serviceID int64, now time.Time) (time.Time, error)
}

// ServiceWriter writes services.
type ServiceWriter interface {
	InsertService(ctx context.Context, s Service) error // ErrExists: name taken in the project
	// UpdateService stores plan, cloud, user_config, contacts, tags, maintenance and termination protection.
	UpdateService(ctx context.Context, s Service) error
	SetServicePolicy(ctx context.Context, serviceID int64, o lifecycle.Override, at time.Time) error
	SetReplAddresses(ctx context.Context, serviceID int64, addresses []string, at time.Time) error
	// DeleteService marks a service. ErrNotFound: it is deleted, or protected from it.
	DeleteService(ctx context.Context, serviceID int64, at time.Time) error
}

// User is one service user with the facts of its pairs.
type User struct {
	ID             int64
	ProjectID      int64
	ServiceID      int64
	Name           string
	Primary        bool // avnadmin, made with its service
	SealedPassword []byte
	CreatedAt      time.Time
	Policy         lifecycle.Policy // under which RenewAt was computed
	SpreadTo       time.Time        // where RenewAt was spread to instead; zero when it was not
	DueAt          time.Time        // when the sweep looks next: RenewAt, or later after a failure
	Facts          lifecycle.Facts
	// Current is the newest pair: without a SealedKey once it was destroyed.
	Current Pair
}

// Pair is a certificate and its sealed key as stored.
type Pair struct {
	Generation int
	CAID       int64
	Serial     []byte // big-endian, as in the certificate
	Cert       []byte // DER
	SealedKey  []byte // PKCS#8 DER, sealed; nil once destroyed, or where it never was here
	PublicKey  []byte // SHA-256 of the SubjectPublicKeyInfo that a certificate signing request brought; nil where the key was made here
	CreatedAt  time.Time
	NotBefore  time.Time
	NotAfter   time.Time
	RevokedAt  time.Time
}

// PendingRenewal is a row of the work list.
type PendingRenewal struct {
	ServiceID  int64
	UserID     int64
	Service    string
	User       string
	Generation int
	Replaced   int
	CreatedAt  time.Time
	OldNotBefore,
	OldNotAfter,
	NewNotBefore,
	NewNotAfter time.Time // zero where Waits
	Waits        bool      // for a certificate signing request: the new pair is not made yet
	SnoozedUntil time.Time // may have passed; zero: not snoozed
	SnoozeReason string
}

// RenewalCursor is a place in the work list, which is ordered by (OldNotAfter, UserID).
type RenewalCursor struct {
	OldNotAfter time.Time
	UserID      int64
}

// UserReader reads users that are not deleted.
type UserReader interface {
	UserByName(ctx context.Context, serviceID int64, name string) (User, error)
	// Users returns up to limit users after the name, avnadmin like any other, in name order.
	Users(ctx context.Context, serviceID int64, after string, limit int) ([]User, error)
	// CountKeys counts the service's users whose current pair still has its key.
	CountKeys(ctx context.Context, serviceID int64) (int, error)
	CountUsers(ctx context.Context, projectID, serviceID int64) (int, error) // serviceID 0: the whole project
	// Pair returns generation n of the user.
	Pair(ctx context.Context, userID int64, n int) (Pair, error)
	// Renewals returns up to limit renewals of the project that await
	// acknowledgement, after the cursor, the most urgent first.
	Renewals(ctx context.Context, projectID int64, after RenewalCursor, limit int) ([]PendingRenewal, error)
	// CountExpiring counts the service's renewals that await acknowledgement.
	CountExpiring(ctx context.Context, serviceID int64) (ExpiringCount, error)
	// KeyHolders returns up to limit generations of the project, of deleted users
	// too, for which a certificate signing request brought this public key.
	KeyHolders(ctx context.Context, projectID int64, publicKey []byte, limit int) ([]KeyHolder, error)
	// OpenFailures returns up to limit open failure events of the project, oldest first.
	OpenFailures(ctx context.Context, projectID int64, limit int) ([]Failure, error)
	// DuesToRewrite returns up to limit users, by id after the given one, that a
	// policy change of the project (serviceID 0) or of one service concerns.
	DuesToRewrite(ctx context.Context, projectID, serviceID, afterUserID int64, limit int) ([]UserDue, error)
	// PolicyRewrites returns the policy changes whose due dates are not all rewritten yet.
	PolicyRewrites(ctx context.Context) ([]PolicyRewrite, error)
}

// ExpiringCount counts renewals that await acknowledgement.
type ExpiringCount struct {
	Renewals int
	Waiting  int       // of them, for a certificate signing request
	First    time.Time // the first old end among them; zero for none
}

// KeyHolder is a generation that has or had a public key.
type KeyHolder struct {
	UserID     int64
	Generation int
	RevokedAt  time.Time // zero while not revoked
}

// UserDue is what a policy change needs of a user.
type UserDue struct {
	UserID    int64
	ServiceID int64
	Service   lifecycle.Override // of the user's service
	NotAfter  time.Time
	RenewAt   time.Time
	SpreadTo  time.Time
	Policy    lifecycle.Policy // under which RenewAt was computed
	Revision  int64
	Waits     bool // its renewal waits for a certificate signing request
	Rekey     lifecycle.Rekey
}

// DueAt is when the sweep looks at the user; zero: not before a certificate signing
// request comes.
func (d UserDue) DueAt() time.Time {
	if d.Waits && d.Rekey == lifecycle.RekeyRequired {
		return time.Time{}
	}
	return d.RenewAt
}

// The kinds of dates that a policy change rewrites.
const (
	RewriteRenewals  = "renew"  // when pairs are renewed
	RewriteReminders = "remind" // when people are reminded of renewals
)

// PolicyRewrite is a policy change in progress; Cursor is the last user done.
type PolicyRewrite struct {
	ID        int64
	Kind      string // RewriteRenewals where it is empty
	ProjectID int64
	ServiceID int64 // 0: the project's policy
	Cursor    int64
	At        time.Time
}

// Failure is an open event: a renewal that could not be made, and why.
type Failure struct {
	UserID    int64
	ProjectID int64
	Service   string // filled in on reading
	User      string // filled in on reading
	At        time.Time
	Reason    string
	RetryAt   time.Time
	// Generation that is to be replaced; the sweep sets it, reading does not.
	Generation int
}

// NewPair is the material of a generation that a change issues.
type NewPair struct {
	CAID      int64
	Serial    []byte
	Cert      []byte
	SealedKey []byte // nil where the key never was here
	PublicKey []byte // as Pair has it
}

// Decided is a change of one user's pairs, ready to be saved.
type Decided struct {
	ProjectID int64
	ServiceID int64
	UserID    int64
	Change    lifecycle.Change
	Pair      *NewPair // set exactly when Change.Issue is
	// RemindAt is when people are reminded of the renewal that Change.Open opens or
	// Change.Fulfil fulfils, of which they are told at once; zero: never.
	RemindAt time.Time
}

// UserWriter writes users and their pairs.
type UserWriter interface {
	// InsertUser adds the row of a new user, without a generation (revision 0);
	// Apply adds the first. ErrExists: name taken in the service.
	InsertUser(ctx context.Context, u User) error
	// Apply saves changes, each only where the user is not deleted and still has
	// the revision the change was decided on; applied says which were. It writes
	// the generation, the renewal, closings, revocations (with the destruction of
	// the revoked keys and the CA's next CRL), the acknowledgement, the due date,
	// and closes the user's open failures where a generation was issued.
	Apply(ctx context.Context, changes []Decided) (applied []bool, err error)
	// SetPassword replaces the sealed password without touching the pairs.
	SetPassword(ctx context.Context, userID int64, sealed []byte) error
	// RecordFailures opens a failure event per user, or refreshes the open one,
	// and puts off the sweep's next look to RetryAt.
	RecordFailures(ctx context.Context, failures []Failure) error
	// DestroyKeys removes up to limit keys of generations of the shard that ended
	// before the moment; n is how many it was.
	DestroyKeys(ctx context.Context, shard int, endedBefore time.Time, limit int) (n int, err error)
	// SetDues rewrites due dates where the revision is still the one read, and
	// moves it; set counts those that were.
	SetDues(ctx context.Context, dues []UserDue) (set int, err error)
	InsertPolicyRewrite(ctx context.Context, r PolicyRewrite) error
	// AdvancePolicyRewrite moves the cursor; done removes the row.
	AdvancePolicyRewrite(ctx context.Context, id, cursor int64, done bool) error
	// SweepCommitted notes the moment of a sweep's write; ErrClockBehind when now
	// is more than five minutes before the newest one noted.
	SweepCommitted(ctx context.Context, now time.Time) error
	// RewindClock notes at now what was noted as of a later moment: sweeps, digests
	// (those recorded then keep no other from being), and the attempts at messages
	// that wait until after longestWait.
	RewindClock(ctx context.Context, now, longestWait time.Time) error
	// ShardSwept notes that a sweep at now left nothing due in the shard; it notes
	// nothing where something still is.
	ShardSwept(ctx context.Context, shard int, now time.Time) error
}

// DueCursor is a place in a shard's due users.
type DueCursor struct {
	DueAt  time.Time
	UserID int64
}

// DueUser is what the sweep needs of a user that is due.
type DueUser struct {
	ProjectID int64
	ServiceID int64
	DueAt     time.Time
	User      string
	Service   string
	Project   string           // first name
	Policy    lifecycle.Policy // effective now
	Rekey     lifecycle.Rekey  // effective now
	// Facts hold the generations that are current or still live at now, and the
	// renewals that await acknowledgement: enough for lifecycle.Renew.
	Facts lifecycle.Facts
	// CSRCert is the current certificate of a user whose key is with its client,
	// DER: its key is certified again. Nil for others.
	CSRCert []byte
}

// CAKind tells the two authorities apart.
type CAKind string

// The authorities: see DESIGN, "Trust at the brokers".
const (
	ProjectCA CAKind = "project" // issues users and what clients verify
	ClusterCA CAKind = "cluster" // issues what a service's brokers and Segue's admin use
)

// CAState is where an authority is in its life.
type CAState string

// The states of an authority.
const (
	CANext    CAState = "next"
	CAActive  CAState = "active"
	CATrusted CAState = "trusted"
	CARetired CAState = "retired"
)

// CA is a certificate authority as stored.
type CA struct {
	ID          int64
	ProjectID   int64
	ServiceID   int64 // 0 for a project's
	Kind        CAKind
	State       CAState
	Cert        []byte // DER
	SealedKey   []byte // PKCS#8 DER, sealed
	NotBefore   time.Time
	NotAfter    time.Time
	CRLRevision int64 // grows with each revocation
	CreatedAt   time.Time
}

// RevokedCert is an entry of a CRL.
type RevokedCert struct {
	Serial    []byte
	RevokedAt time.Time
}

// BrokerCert is a certificate of a broker kit, or of Segue's own admin, kept because it left the process.
type BrokerCert struct {
	CAID      int64
	ServiceID int64
	Serial    []byte
	Cert      []byte
	Purpose   string // "client-listener", "cluster", "admin" or BrokerCertSession
	NotAfter  time.Time
	CreatedAt time.Time
}

// BrokerCertSession is the purpose of what Segue itself shows to brokers; its key
// never leaves the process, and no kit holds it.
const BrokerCertSession = "admin-session"

// CAReader reads authorities and what they issued besides users.
type CAReader interface {
	CA(ctx context.Context, id int64) (CA, error)
	// ActiveCA returns the authority that issues now; serviceID 0 with ProjectCA.
	ActiveCA(ctx context.Context, projectID, serviceID int64, kind CAKind) (CA, error)
	// TrustedCAs returns the project's authorities that clients should trust,
	// active first, then next, then trusted.
	TrustedCAs(ctx context.Context, projectID int64) ([]CA, error)
	// Revoked returns the CA's revoked certificates that end after the moment.
	Revoked(ctx context.Context, caID int64, endAfter time.Time) ([]RevokedCert, error)
	// NewestBrokerCert returns the service's newest one of a kit; ErrNotFound when none was made.
	NewestBrokerCert(ctx context.Context, serviceID int64) (BrokerCert, error)
}

// CAWriter writes authorities and what they issued besides users.
type CAWriter interface {
	InsertCA(ctx context.Context, ca CA) error
	InsertBrokerCert(ctx context.Context, c BrokerCert) error
}

// AuditEntry is one line of a project's audit log; project 0 is the instance's own.
type AuditEntry struct {
	ProjectID int64
	Seq       int64 // from 1, without a gap
	At        time.Time
	Actor     string // email, or "system"
	Action    string
	Service   string
	User      string
	Detail    string // JSON object; never a secret
	MAC       []byte // over this entry and the one before
}

// AuditHead is the newest entry's place and MAC; zero for an empty log.
type AuditHead struct {
	Seq int64
	MAC []byte
}

// AuditFilter says which entries of an audit log are asked for; an empty field takes all.
type AuditFilter struct {
	Service, User, Actor, Action string
	Since                        time.Time // entries of this moment and later
}

// AuditReader reads audit logs.
type AuditReader interface {
	// AuditEntries returns up to limit entries after seq, in order.
	AuditEntries(ctx context.Context, projectID, afterSeq int64, limit int) ([]AuditEntry, error)
	// NewestAudit returns up to limit entries before seq that the filter takes, the newest first.
	NewestAudit(ctx context.Context, projectID int64, f AuditFilter, beforeSeq int64, limit int) ([]AuditEntry, error)
	// AuditHeadOf returns the head without locking it.
	AuditHeadOf(ctx context.Context, projectID int64) (AuditHead, error)
}

// AuditWriter appends to audit logs.
type AuditWriter interface {
	// LockAuditHead returns the project's head and keeps other writers off it
	// until the transaction ends. Lock several in ascending order of project.
	LockAuditHead(ctx context.Context, projectID int64) (AuditHead, error)
	// AppendAudit stores entries that follow the locked head and moves it.
	AppendAudit(ctx context.Context, entries []AuditEntry) error
}

// Purpose names what a sealed secret is for; it is part of the associated data.
type Purpose string

// The purposes of sealed secrets.
const (
	SealUserKey  Purpose = "user-key" // owner: user id; id: serial in hex
	SealPassword Purpose = "password" // owner: user id; id: PasswordID
	SealCAKey    Purpose = "ca-key"   // owner: CA id; id: CAKeyID
)

// PasswordID is the last part of a password's associated data: a user has one.
const PasswordID = "password"

// CAKeyID is the last part of a CA key's associated data: a CA has one key for life.
func CAKeyID(caID int64) string { return fmt.Sprintf("%016x", uint64(caID)) }

// Custody seals secrets and authenticates the audit chain. The associated data
// is segue/v1/<purpose>/<project id>/<owner id>/<id>, so that a row moved into
// another's place does not open.
type Custody interface {
	Seal(ctx context.Context, p Purpose, projectID, ownerID int64, id string, secret []byte) ([]byte, error)
	Open(ctx context.Context, p Purpose, projectID, ownerID int64, id string, sealed []byte) ([]byte, error)
	MAC(ctx context.Context, data []byte) ([]byte, error)
	VerifyMAC(ctx context.Context, data, mac []byte) error
}

// Passwords hashes members' passwords; at most two at once, and a wait for a
// place is bounded: then it fails with ErrBusy.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify costs the same for an empty hash (an unknown account), which never matches.
	Verify(ctx context.Context, hash, password string) (bool, error)
}

// Tokens makes and recognises bearer tokens; only their hash is ever stored.
type Tokens interface {
	New() (token, prefix string, hash []byte, err error)
	// Hash is the token's SHA-256; ok is false for what cannot be a token.
	Hash(token string) (hash []byte, ok bool)
}

// Limits bounds sign-in attempts.
type Limits interface {
	// Allow reports whether this address may try this account now, before anything
	// is hashed. exists says whether there is such an account: no number of names that
	// somebody makes up lets what was tried on a real one be forgotten. The limits are
	// the same for both, so that they do not tell. known are addresses from which the
	// account was used before: what strangers try elsewhere does not use up theirs.
	Allow(address, account string, exists bool, known []string, now time.Time) bool
}

// Inspector reads a whole store for doctor, in pages by id.
type Inspector interface {
	// InspectUsers returns up to limit users after the id, deleted ones too, with everything about their pairs.
	InspectUsers(ctx context.Context, afterID int64, limit int) ([]InspectedUser, error)
	InspectProjects(ctx context.Context, afterID int64, limit int) ([]Project, error)
	InspectServices(ctx context.Context, afterID int64, limit int) ([]Service, error) // deleted ones too
	InspectCAs(ctx context.Context, afterID int64, limit int) ([]CA, error)
	// InspectBrokerCerts pages by position: offset is how many were read.
	InspectBrokerCerts(ctx context.Context, offset, limit int) ([]BrokerCert, error)
	InspectAccounts(ctx context.Context, afterID int64, limit int) ([]Account, error)
	InspectTokens(ctx context.Context, afterID int64, limit int) ([]Token, error)
	InspectChannels(ctx context.Context, afterID int64, limit int) ([]Channel, error)
	// InspectMessages pages by id; each message comes from one snapshot with its attempts and channel.
	InspectMessages(ctx context.Context, afterID int64, limit int) ([]InspectedMessage, error)
	InspectClusterSyncs(ctx context.Context, afterServiceID int64, limit int) ([]ClusterSync, error)
	// LastSweep is the moment of the newest committed sweep; zero for none.
	LastSweep(ctx context.Context) (time.Time, error)
	// SweptShards is when a sweep last left nothing due in each shard; zero for never.
	SweptShards(ctx context.Context) ([Shards]time.Time, error)
}

// InspectedUser is one user with all its pairs. Facts are whole.
type InspectedUser struct {
	User
	ServiceName string
	Pairs       []Pair // one per generation, in order
	OpenFailure *Failure
	Copies      UserCopies
	Reminders   []InspectedReminder // one per renewal, in order
}

// InspectedReminder is where a renewal stands in its schedule of reminders.
type InspectedReminder struct {
	RemindAt     time.Time // zero: the schedule is over, or has none
	Told         time.Time // when people were told last
	SnoozedUntil time.Time // zero: never snoozed
}

// InspectedMessage is a message with what lies beside it. It has no HTML, Slot,
// Event and SentAt.
type InspectedMessage struct {
	Message
	Recorded   int  // attempts that the store holds
	HasChannel bool // its channel is one of its project
}

// UserCopies are what a store keeps twice, so that lists and the sweep find a
// user without reading its pairs.
type UserCopies struct {
	Shard      int       // in the user's row
	Generation int       // in the user's row: the number of its current pair
	NotAfter   time.Time // in the user's row: the end of its current pair
	// In the user's row: the end of the pair that the current one replaced by a
	// renewal, zero where none did; and whether that renewal was acknowledged.
	OldNotAfter  time.Time
	Acknowledged bool
	PairShards   []int         // one per generation, in order
	Renewals     []RenewalCopy // one per renewal, in order
}

// RenewalCopy is what a renewal's row repeats of its user and of the pair it replaces.
type RenewalCopy struct {
	ProjectID, ServiceID int64
	OldNotAfter          time.Time
}

// SealedRow is one sealed secret wherever it lies.
type SealedRow struct {
	Purpose   Purpose
	ProjectID int64
	OwnerID   int64
	ID        string
	Number    int // of the generation, for SealUserKey
	Sealed    []byte
}

// Resealer walks all sealed secrets when keys rotate.
type Resealer interface {
	// SealedRows returns up to limit secrets of the purpose after (ownerID, number), in that order.
	SealedRows(ctx context.Context, p Purpose, afterOwner int64, afterNumber, limit int) ([]SealedRow, error)
	// ReplaceSealed replaces each row's secret where it is still the one read
	// (old[i]); rows changed or destroyed meanwhile are left alone.
	ReplaceSealed(ctx context.Context, rows []SealedRow, old [][]byte) error
}
