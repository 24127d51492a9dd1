package api

import (
	"encoding/json"
	"time"
)

// UserAuthRequest signs an account in (POST /v1/userauth).
type UserAuthRequest struct {
	Email    string `json:"email" doc:"Address of the account"`
	Password string `json:"password" doc:"Password of the account"`
}

// UserAuthReply carries the token for the Authorization header of later calls.
type UserAuthReply struct {
	Token     string `json:"token" doc:"Bearer token; shown only here"`
	State     string `json:"state" doc:"State of the account: active"`
	UserEmail string `json:"user_email"`
}

// SetUp makes the first administrator (POST /v1/setup); the token is the last part
// of the link that `segue serve` printed when the store was empty.
type SetUp struct {
	Token    string `json:"token" doc:"From the link of the first set-up"`
	Password string `json:"password" doc:"The password to choose"`
	RealName string `json:"real_name"`
}

// MeReply is the account behind the token (GET /v1/me).
type MeReply struct {
	User Me `json:"user"`
}

// Me is an account as it sees itself.
type Me struct {
	User     string   `json:"user" doc:"Address of the account"`
	RealName string   `json:"real_name"`
	State    string   `json:"state"`
	Projects []string `json:"projects" doc:"Names of the projects that the account can see"`
	Auth     []string `json:"auth" doc:"Ways in which the account can sign in"`
	// TokenValidityBegin is the moment before which no token of the account is valid.
	TokenValidityBegin *time.Time `json:"token_validity_begin"`
}

// AccessTokenCreate makes a token of the account (POST /v1/access_token).
type AccessTokenCreate struct {
	Description string `json:"description" doc:"What the token is for"`
	// MaxAgeSeconds is for how long the token is good; null: until it is revoked.
	MaxAgeSeconds *int `json:"max_age_seconds,omitempty" doc:"1 to 315360000"`
	// ExtendWhenUsed lets each use begin MaxAgeSeconds anew.
	ExtendWhenUsed bool `json:"extend_when_used,omitempty"`
}

// AccessTokenUpdate changes what a token is said to be for (PUT /v1/access_token/{prefix}).
type AccessTokenUpdate struct {
	Description string `json:"description"`
}

// AccessTokensReply lists the account's tokens that are good now, those of signing
// in too, the newest first. Next is the cursor for the after parameter, null at the end.
type AccessTokensReply struct {
	Tokens []AccessToken `json:"tokens"`
	Next   *string       `json:"next"`
}

// AccessToken is a token without what opens anything.
type AccessToken struct {
	TokenPrefix    string     `json:"token_prefix" doc:"How the token begins; names it in other calls"`
	Description    string     `json:"description"`
	CreateTime     time.Time  `json:"create_time"`
	ExpiryTime     *time.Time `json:"expiry_time" doc:"null: it does not expire"`
	MaxAgeSeconds  *int       `json:"max_age_seconds"`
	ExtendWhenUsed bool       `json:"extend_when_used"`
	LastUsedTime   *time.Time `json:"last_used_time"`
	LastIP         *string    `json:"last_ip"`
	LastUserAgent  *string    `json:"last_user_agent"`
	// CurrentlyActive is true of the token that this request came with.
	CurrentlyActive bool `json:"currently_active"`
}

// AccessTokenCreated is a new token with what it opens things by.
type AccessTokenCreated struct {
	AccessToken
	FullToken string `json:"full_token" doc:"The token itself; shown only here"`
}

// TechEmail is one technical contact.
type TechEmail struct {
	Email string `json:"email"`
}

// ProjectCreate makes a project (POST /v1/project).
type ProjectCreate struct {
	Project    string      `json:"project" doc:"Name of the project"`
	TechEmails []TechEmail `json:"tech_emails,omitempty"`
	// Tags are words of the project's owners; a value is never null here.
	Tags           map[string]string `json:"tags,omitempty"`
	Cloud          string            `json:"cloud,omitempty" doc:"A label; it changes nothing"`
	BillingGroupID string            `json:"billing_group_id,omitempty" doc:"A label; it changes nothing"`
}

// ProjectUpdate changes what it names (PUT …/project/{p}); null and what is left
// out stay as they are.
type ProjectUpdate struct {
	// ProjectName renames the project. Certificates hold the name it was made with.
	ProjectName *string     `json:"project_name,omitempty"`
	TechEmails  []TechEmail `json:"tech_emails,omitzero" doc:"Replaces all technical contacts; [] takes them away"`
	// Tags replaces all tags.
	Tags           map[string]*string `json:"tags,omitzero"`
	Cloud          *string            `json:"cloud,omitempty" doc:"A label; it changes nothing"`
	BillingGroupID *string            `json:"billing_group_id,omitempty" doc:"A label; it changes nothing"`
}

// Tags are words of the owners of a project or service.
type Tags struct {
	Tags map[string]string `json:"tags"`
}

// TagsUpdate replaces all tags (PUT) or changes those it names (PATCH), where null
// takes a tag away.
type TagsUpdate struct {
	Tags map[string]*string `json:"tags"`
}

// ProjectReply wraps one project.
type ProjectReply struct {
	Project Project `json:"project"`
}

// ProjectsReply lists the projects that the account can see.
type ProjectsReply struct {
	Projects []Project `json:"projects"`
}

// Project is a tenant. What Segue does not have, such as billing, is null.
type Project struct {
	ProjectName      string            `json:"project_name"`
	AccountID        string            `json:"account_id"`
	OrganizationID   string            `json:"organization_id"`
	TechEmails       []TechEmail       `json:"tech_emails"`
	Tags             map[string]string `json:"tags"`
	DefaultCloud     *string           `json:"default_cloud"`
	BillingCurrency  *string           `json:"billing_currency"`
	BillingExtraText *string           `json:"billing_extra_text"`
	BillingGroupID   *string           `json:"billing_group_id"`
	VATID            *string           `json:"vat_id"`
	PaymentMethod    *string           `json:"payment_method"`
	AvailableCredits *string           `json:"available_credits"`
	EstimatedBalance *string           `json:"estimated_balance"`
}

// Organization is what every project of this instance belongs to.
type Organization struct {
	OrganizationID   string `json:"organization_id"`
	OrganizationName string `json:"organization_name"`
	AccountID        string `json:"account_id" doc:"What to send as account_id when a project is made"`
}

// CAReply is the project's authorities in PEM, the one that brokers present
// first (GET …/kms/ca).
type CAReply struct {
	Certificate string `json:"certificate"`
}

// ServiceCreate makes a service (POST …/service).
type ServiceCreate struct {
	ServiceName           string            `json:"service_name"`
	ServiceType           string            `json:"service_type,omitempty" doc:"kafka, also where it is left out"`
	Plan                  string            `json:"plan,omitempty"`
	Cloud                 string            `json:"cloud,omitempty"`
	UserConfig            map[string]any    `json:"user_config,omitempty" doc:"bootstrap_servers is \"host:port,host:port\""`
	TechEmails            []TechEmail       `json:"tech_emails,omitempty"`
	TerminationProtection bool              `json:"termination_protection,omitempty"`
	Maintenance           MaintenanceUpdate `json:"maintenance,omitzero"`
	// Tags: segue_bootstrap_servers is the address where user_config has none.
	Tags map[string]string `json:"tags,omitempty"`
}

// ServiceUpdate changes what it names (PUT …/service/{s}); null and what is left
// out stay as they are.
type ServiceUpdate struct {
	Plan  *string `json:"plan,omitempty" doc:"A label; it changes nothing"`
	Cloud *string `json:"cloud,omitempty" doc:"A label; it changes nothing"`
	// UserConfig is merged key by key into nested objects; null takes an option away.
	UserConfig            map[string]any    `json:"user_config,omitempty"`
	TechEmails            []TechEmail       `json:"tech_emails,omitzero" doc:"Replaces the service's own technical contacts; [] takes them away"`
	TerminationProtection *bool             `json:"termination_protection,omitempty" doc:"While true the service cannot be deleted"`
	Maintenance           MaintenanceUpdate `json:"maintenance,omitzero"`
}

// ServiceReply wraps one service.
type ServiceReply struct {
	Service Service `json:"service"`
}

// ServicesReply lists a project's services; their users carry no secret.
type ServicesReply struct {
	Services []Service `json:"services"`
}

// Service is one Kafka cluster.
type Service struct {
	ServiceName           string                `json:"service_name"`
	ServiceType           string                `json:"service_type"`
	State                 string                `json:"state"`
	Plan                  string                `json:"plan"`
	CloudName             string                `json:"cloud_name"`
	ServiceURI            string                `json:"service_uri" doc:"host:port of the first bootstrap address"`
	ServiceURIParams      ServiceURIParams      `json:"service_uri_params"`
	ConnectionInfo        ConnectionInfo        `json:"connection_info"`
	Maintenance           Maintenance           `json:"maintenance"`
	Users                 []User                `json:"users" doc:"avnadmin first"`
	ACL                   []ACL                 `json:"acl"`
	Components            []Component           `json:"components"`
	UserConfig            map[string]any        `json:"user_config"`
	ServiceIntegrations   []any                 `json:"service_integrations"`
	GroupList             []string              `json:"group_list"`
	CreateTime            time.Time             `json:"create_time"`
	UpdateTime            time.Time             `json:"update_time"`
	TerminationProtection bool                  `json:"termination_protection"`
	ProjectVPCID          *string               `json:"project_vpc_id" doc:"Always null"`
	TechEmails            []TechEmail           `json:"tech_emails"`
	ServiceNotifications  []ServiceNotification `json:"service_notifications"`
}

// ServiceURIParams is ServiceURI in parts.
type ServiceURIParams struct {
	Host string `json:"host"`
	Port string `json:"port"`
}

// ConnectionInfo is what a client needs to connect as avnadmin. Where there is
// nothing to say, or the role hides it, a value is empty, never left out.
type ConnectionInfo struct {
	Kafka             []string `json:"kafka" doc:"Bootstrap addresses, host:port"`
	KafkaAccessCert   string   `json:"kafka_access_cert"`
	KafkaAccessKey    string   `json:"kafka_access_key"`
	KafkaRestURI      string   `json:"kafka_rest_uri"`
	SchemaRegistryURI string   `json:"schema_registry_uri"`
}

// MaintenanceUpdate sets the window that a service shows; it changes nothing else.
type MaintenanceUpdate struct {
	DOW  *string `json:"dow,omitempty" doc:"monday to sunday, or never"`
	Time *string `json:"time,omitempty" doc:"HH:MM:SS in UTC"`
}

// Maintenance is the window that the owner set. It is never enabled: Segue does
// not upgrade brokers.
type Maintenance struct {
	DOW     string `json:"dow"`
	Time    string `json:"time"`
	Enabled bool   `json:"enabled"`
	Updates []any  `json:"updates"`
}

// Component is one way into a service.
type Component struct {
	Component                 string `json:"component"`
	Host                      string `json:"host"`
	Port                      int    `json:"port"`
	Route                     string `json:"route"`
	Usage                     string `json:"usage"`
	KafkaAuthenticationMethod string `json:"kafka_authentication_method"`
}

// ServiceNotification is a message to the people behind a service.
type ServiceNotification struct {
	Level    string         `json:"level" doc:"warning or notice"`
	Type     string         `json:"type"`
	Message  string         `json:"message"`
	Metadata map[string]any `json:"metadata"`
}

// UserCreate makes a service user (POST …/user).
type UserCreate struct {
	Username string `json:"username"`
	// CSR is ours: with it the key stays where it is and never reaches Segue.
	CSR *string `json:"csr,omitempty" doc:"A certificate signing request in PEM; when left out Segue makes the key"`
}

// CSRRequest makes a user's next pair of the key of a certificate signing request
// (POST …/user/{u}/csr).
type CSRRequest struct {
	CSR string `json:"csr" doc:"PEM"`
}

// UserReply wraps one service user. Warning speaks of pairs of a deleted user of
// the same name that brokers may still accept.
type UserReply struct {
	User    User   `json:"user"`
	Message string `json:"message,omitempty"`
	Warning string `json:"warning,omitempty"`
}

// User is a service user and its current pair.
type User struct {
	Username string `json:"username"`
	Type     string `json:"type" doc:"primary or normal"`
	// Password is never empty: Redacted where the role hides it.
	Password string `json:"password"`
	// AccessCert is left out where the role hides it.
	AccessCert *string `json:"access_cert,omitempty" doc:"PEM"`
	// AccessKey is left out where the role hides it, the key was destroyed, or is
	// with its client.
	AccessKey                   *string   `json:"access_key,omitempty" doc:"PEM"`
	AccessCertNotValidAfterTime time.Time `json:"access_cert_not_valid_after_time"`
	// ExpiringCertNotValidAfterTime is the end of the pair before this one; it is
	// there exactly while the renewal awaits acknowledgement.
	ExpiringCertNotValidAfterTime *time.Time `json:"expiring_cert_not_valid_after_time,omitempty"`
	// Generation is the number of the current pair; ours.
	Generation int `json:"generation"`
	// State is valid, expiring, acknowledged or lapsed; ours.
	State string `json:"state" enum:"valid,expiring,acknowledged,lapsed"`
	// ByCSR is true where the key of the current pair is with its client; ours.
	ByCSR bool `json:"by_csr,omitempty"`
	// WaitsForCSR is true while the renewal waits for a certificate signing request
	// of a new key: the current pair is the one that ends; ours.
	WaitsForCSR bool `json:"waits_for_csr,omitempty"`
}

// Redacted stands in User.Password where the role hides it.
const Redacted = "<redacted>"

// The operations of UserModify.
const (
	OperationAcknowledge = "acknowledge-renewal"
	OperationReset       = "reset-credentials"
)

// UserModify changes a service user (PUT …/user/{u}); the reply is the whole service.
type UserModify struct {
	Operation string `json:"operation" enum:"acknowledge-renewal,reset-credentials"`
	// NewPassword with reset-credentials changes the password alone.
	NewPassword *string `json:"new_password,omitempty"`
	// CSR with reset-credentials brings the key of the new pair, in PEM. Ours.
	CSR *string `json:"csr,omitempty"`
	// Generation with acknowledge-renewal is the new pair that the caller saw; 409
	// when it is not the pending one. 0 takes the pending one. Ours.
	Generation int `json:"generation,omitempty"`
}

// Deleted answers the deletion of a user or service.
type Deleted struct {
	Message string `json:"message"`
	// AcceptedUntil is until when a broker that does not check revocation still
	// accepts pairs of what was deleted; left out when none does.
	AcceptedUntil *time.Time `json:"accepted_until,omitempty"`
}

// GenerationsReply lists every pair a user had, the newest first, without PEM.
type GenerationsReply struct {
	Generations []Generation `json:"generations"`
}

// GenerationReply wraps one pair.
type GenerationReply struct {
	Generation Generation `json:"generation"`
}

// Generation is one pair of a service user.
type Generation struct {
	Generation int       `json:"generation" doc:"From 1, without a gap"`
	Serial     string    `json:"serial" doc:"Hexadecimal"`
	Current    bool      `json:"current"`
	CreateTime time.Time `json:"create_time"`
	// RevokeTime is null while the pair is not revoked.
	RevokeTime                   *time.Time `json:"revoke_time"`
	KeyDestroyed                 bool       `json:"key_destroyed"`
	ByCSR                        bool       `json:"by_csr,omitempty" doc:"The key is with its client"`
	AccessCertNotValidBeforeTime time.Time  `json:"access_cert_not_valid_before_time"`
	AccessCertNotValidAfterTime  time.Time  `json:"access_cert_not_valid_after_time"`
	AccessCert                   *string    `json:"access_cert,omitempty" doc:"PEM; only when one pair is read"`
	AccessKey                    *string    `json:"access_key,omitempty" doc:"PEM; only when one pair is read and its key is not destroyed"`
}

// RenewalsReply is a page of a project's renewals that await acknowledgement,
// the most urgent first. Next is the cursor for the after parameter, null at the end.
type RenewalsReply struct {
	Renewals []Renewal `json:"renewals"`
	Next     *string   `json:"next"`
}

// Renewal is the passage from one pair of a user to the next.
type Renewal struct {
	ServiceName                   string    `json:"service_name"`
	Username                      string    `json:"username"`
	Generation                    int       `json:"generation" doc:"The new pair; what an acknowledgement names"`
	ReplacedGeneration            int       `json:"replaced_generation"`
	State                         string    `json:"state" enum:"expiring,lapsed"`
	CreateTime                    time.Time `json:"create_time"`
	ExpiringCertNotValidAfterTime time.Time `json:"expiring_cert_not_valid_after_time"`
	// AccessCertNotValidAfterTime is null while the renewal waits for a certificate
	// signing request.
	AccessCertNotValidAfterTime *time.Time `json:"access_cert_not_valid_after_time"`
	WaitsForCSR                 bool       `json:"waits_for_csr,omitempty"`
	// SnoozedUntil is until when nobody is reminded; null while people are.
	SnoozedUntil *time.Time `json:"snoozed_until"`
	SnoozeReason *string    `json:"snooze_reason"`
}

// PolicyReply is the effective policy of a project or service.
type PolicyReply struct {
	Policy  Policy        `json:"policy"`
	Sources PolicySources `json:"sources"`
	// Due counts the users that the change just made due at once; 0 when reading.
	Due int `json:"due"`
}

// Policy holds durations such as "820d", "36h" or "1d12h".
type Policy struct {
	Validity    string `json:"validity"`
	RenewBefore string `json:"renew_before"`
	Spread      string `json:"spread"`
	Rekey       string `json:"rekey" enum:"allowed,required" doc:"Whether a renewal of a key that its client keeps waits for a new key"`

	Reminders      []Reminder `json:"reminders"`
	AfterLapse     AfterLapse `json:"after_lapse"`
	DigestDelay    string     `json:"digest_delay"`
	DigestInterval string     `json:"digest_interval"`
	TimeZone       string     `json:"time_zone" doc:"IANA name, such as Europe/Helsinki"`
}

// Reminder says that within Within of the old pair's end people are reminded every Every.
type Reminder struct {
	Within string `json:"within"`
	Every  string `json:"every"`
}

// AfterLapse says how often people are told once the old pair has ended.
type AfterLapse struct {
	Every string `json:"every"`
	Times int    `json:"times"`
}

// PolicySources says where each value comes from: service, project or default.
type PolicySources struct {
	Validity    string `json:"validity"`
	RenewBefore string `json:"renew_before"`
	Spread      string `json:"spread"`
	Rekey       string `json:"rekey"`

	Reminders      string `json:"reminders"`
	AfterLapse     string `json:"after_lapse"`
	DigestDelay    string `json:"digest_delay"`
	DigestInterval string `json:"digest_interval"`
	TimeZone       string `json:"time_zone"`
}

// PolicyUpdate changes the values that are Set (PUT …/policy).
type PolicyUpdate struct {
	Validity    Setting `json:"validity,omitzero"`
	RenewBefore Setting `json:"renew_before,omitzero"`
	Spread      Setting `json:"spread,omitzero"`
	Rekey       Setting `json:"rekey,omitzero"`

	// What follows is JSON as in Policy, null to inherit again, or left out. The
	// last three are a project's alone.
	Reminders      json.RawMessage `json:"reminders,omitempty"`
	AfterLapse     json.RawMessage `json:"after_lapse,omitempty"`
	DigestDelay    json.RawMessage `json:"digest_delay,omitempty"`
	DigestInterval json.RawMessage `json:"digest_interval,omitempty"`
	TimeZone       json.RawMessage `json:"time_zone,omitempty"`

	// Confirm carries out a change that makes many users due at once.
	Confirm bool `json:"confirm,omitempty"`
}

// BrokerKitRequest asks for the files that make brokers trust the project's CA
// (POST …/broker-kit). Ports of 0 mean the defaults.
type BrokerKitRequest struct {
	Brokers        []KitBroker `json:"brokers"`
	ReplPort       int         `json:"repl_port,omitempty"`
	ControllerPort int         `json:"controller_port,omitempty"`
}

// KitBroker is one broker of a kit.
type KitBroker struct {
	ID   int      `json:"id" doc:"node.id"`
	Host string   `json:"host"`
	Alt  []string `json:"alt,omitempty" doc:"Further names or addresses"`
}

// BrokerKitReply holds the files of a kit.
type BrokerKitReply struct {
	Files []KitFile `json:"files"`
}

// KitFile is one file of a kit; Path uses forward slashes and is relative.
type KitFile struct {
	Path   string `json:"path"`
	Secret bool   `json:"secret" doc:"Holds a private key: keep it at mode 0600"`
	Data   []byte `json:"data"`
}

// BundleRequest asks for a user's pair in the form in which a client loads it
// (POST …/user/{user}/bundle).
type BundleRequest struct {
	Format     string `json:"format" doc:"What is to load it: pem, combined-pem, pkcs12, jks, java-creds, properties, spring, librdkafka, kafkajs, kafka-python, franz-go, kubernetes or env"`
	Password   string `json:"password,omitempty" doc:"Of the stores, 6 to 256 printable ASCII characters; a random one when left out. Formats without encrypted stores take none"`
	Generation int    `json:"generation,omitempty" doc:"The newest when left out"`
	Directory  string `json:"directory,omitempty" doc:"Where the files will lie, as settings name them; when left out, where the client is started"`
}

// Bundle is a pair in the form in which a client loads it.
type Bundle struct {
	Format                      string       `json:"format"`
	Generation                  int          `json:"generation"`
	AccessCertNotValidAfterTime time.Time    `json:"access_cert_not_valid_after_time"`
	Files                       []BundleFile `json:"files"`
	// Password encrypts the stores; nil where the format has none.
	Password *string `json:"password"`
}

// BundleFile is one file of a bundle.
type BundleFile struct {
	Name    string `json:"name" doc:"Holds no slash"`
	Content []byte `json:"content"`
	Secret  bool   `json:"secret" doc:"Holds a private key or a password: keep it at mode 0600"`
}

// VPCsReply is always empty: Segue has no networks of its own.
type VPCsReply struct {
	VPCs []any `json:"vpcs"`
}

// StaticIPsReply is always empty: Segue has no addresses of its own.
type StaticIPsReply struct {
	StaticIPs []any `json:"static_ips"`
}

// ServiceTypesReply holds what can be created, by service type.
type ServiceTypesReply struct {
	ServiceTypes map[string]ServiceType `json:"service_types"`
}

// ServiceType describes a service type and the options of its user_config.
type ServiceType struct {
	Description      string         `json:"description"`
	UserConfigSchema map[string]any `json:"user_config_schema" doc:"JSON Schema"`
	ServicePlans     []any          `json:"service_plans"`
}

// ServiceTypeReply is the description of one service type, unwrapped.
type ServiceTypeReply struct {
	UserConfigSchema map[string]any `json:"user_config_schema" doc:"JSON Schema"`
}

// HealthReply answers /livez and /readyz.
type HealthReply struct {
	Status  string `json:"status"`
	Version string `json:"version"`
	// Mail is how the mail server stood lately, of /readyz alone: ok, failing,
	// unchecked, or outbox where none is set. It never makes Segue not ready.
	Mail string `json:"mail,omitempty" enum:"ok,failing,unchecked,outbox"`
}

// ErrorReply is the body of every failure.
type ErrorReply struct {
	Message string        `json:"message"`
	Errors  []ErrorDetail `json:"errors"`
}

// ErrorDetail is one failure; it never repeats a value that was sent.
type ErrorDetail struct {
	Message   string `json:"message"`
	Status    int    `json:"status"`
	ErrorCode string `json:"error_code"`
	// Field is the field at fault; left out where it is no single one. Ours.
	Field string `json:"field,omitempty"`
}
