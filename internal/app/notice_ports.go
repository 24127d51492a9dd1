package app

import (
	"context"
	"time"

	"github.com/segue-project/segue/internal/lifecycle"
)

// Member is an account with its role in a project.
type Member struct {
	AccountID int64
	Email     string
	RealName  string
	Role      Role
	Since     time.Time
}

// Invitation is a place kept for somebody; its one-time link carries a token of
// which only the SHA-256 is stored.
type Invitation struct {
	ProjectID int64
	Email     string // lower case
	Role      Role
	TokenHash []byte
	InvitedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// MemberReader reads who belongs to a project.
type MemberReader interface {
	// Members returns up to limit members after the address, in order of address.
	Members(ctx context.Context, projectID int64, after string, limit int) ([]Member, error)
	// Invitations returns up to limit open invitations after the address, in order of address.
	Invitations(ctx context.Context, projectID int64, after string, limit int) ([]Invitation, error)
	InvitationByHash(ctx context.Context, hash []byte) (Invitation, error)
}

// MemberWriter writes who belongs to a project. SetRole is AccountWriter's.
type MemberWriter interface {
	RemoveMember(ctx context.Context, projectID, accountID int64) error // ErrNotFound
	// InsertInvitation replaces an open one for the same address.
	InsertInvitation(ctx context.Context, i Invitation) error
	DeleteInvitation(ctx context.Context, projectID int64, email string) error // ErrNotFound
	SetAccountPassword(ctx context.Context, accountID int64, hash, realName string) error
	SetProjectContacts(ctx context.Context, projectID int64, emails []string) error
	SetServiceContacts(ctx context.Context, serviceID int64, emails []string, at time.Time) error
	// SetProjectNotices and SetServiceNotices keep an override as JSON; nil inherits again.
	SetProjectNotices(ctx context.Context, projectID int64, override []byte) error
	SetServiceNotices(ctx context.Context, serviceID int64, override []byte, at time.Time) error
}

// ChannelKind is a way besides mail on which events leave.
type ChannelKind string

// The kinds of channels.
const (
	ChannelWebhook ChannelKind = "webhook" // Standard Webhooks, signed
	ChannelSlack   ChannelKind = "slack"   // Slack-compatible incoming webhook
)

// Channel is where a project's events go besides mail.
type Channel struct {
	ID           int64
	ProjectID    int64
	Kind         ChannelKind
	Name         string // unique in the project
	SealedURL    []byte // a Slack URL is itself a secret
	SealedSecret []byte // signs webhooks; nil for Slack
	CreatedAt    time.Time
}

// The purposes of a channel's sealed secrets; owner: channel id.
const (
	SealChannelURL    Purpose = "channel-url"    // id: ChannelURLID
	SealChannelSecret Purpose = "channel-secret" // id: ChannelSecretID
)

// The last part of the associated data of a channel's secrets.
const (
	ChannelURLID    = "url"
	ChannelSecretID = "secret"
)

// ChannelReader reads channels.
type ChannelReader interface {
	Channels(ctx context.Context, projectID int64) ([]Channel, error) // in order of name; at most maxChannels exist
	Channel(ctx context.Context, projectID int64, name string) (Channel, error)
	ChannelByID(ctx context.Context, id int64) (Channel, error)
}

// ChannelWriter writes channels.
type ChannelWriter interface {
	InsertChannel(ctx context.Context, c Channel) error // ErrExists: name taken
	// DeleteChannel also drops its messages that are still due.
	DeleteChannel(ctx context.Context, id int64) error
}

// MessageKind says what a message is rendered from.
type MessageKind string

// The kinds of messages.
const (
	MessageDigest     MessageKind = "digest"     // the project's state at the moment of sending
	MessageUrgent     MessageKind = "urgent"     // the renewals it names, as they are at the moment of sending
	MessageEvent      MessageKind = "event"      // a fact that stands
	MessageInvitation MessageKind = "invitation" // never stored: its link is a secret
)

// MessageState is where a message is on its way.
type MessageState string

// The states of a message.
const (
	MessageDue     MessageState = "due"
	MessageSent    MessageState = "sent"
	MessageKept    MessageState = "kept"    // rendered into the outbox: no mail server is set
	MessageDropped MessageState = "dropped" // nothing was left to say, or its channel is gone
	MessageDead    MessageState = "dead"    // given up; can be retried by hand
)

// Message is one message to one recipient by one channel.
type Message struct {
	ID        int64
	ProjectID int64
	Kind      MessageKind
	Event     EventType // what it speaks of, for kind event
	ChannelID int64     // 0: mail
	Recipient string    // address, or the channel's name
	// Slot with project, kind, channel and recipient is unique where it is not
	// empty: a digest's day, an event's own key. It makes recording idempotent.
	Slot      string
	Payload   []byte // JSON: the fact, or the renewals to look up; never a secret
	CreatedAt time.Time
	DueAt     time.Time // when the next attempt may start; kept in State due
	State     MessageState
	Attempts  int
	LastError string
	SentAt    time.Time
	// Subject and Body (text) and HTML are what the newest attempt rendered.
	Subject, Body, HTML string
}

// Attempt is one try to deliver a message.
type Attempt struct {
	MessageID int64
	Number    int // from 1
	StartedAt time.Time
	EndedAt   time.Time
	Outcome   MessageState // sent, kept, dropped, due (to be tried again) or dead
	Error     string       // never a secret
}

// Tried is where a message stands after its newest attempt.
type Tried struct {
	State MessageState
	Error string
	At    time.Time
}

// MessageCursor pages through messages, newest first, by (CreatedAt, ID).
type MessageCursor struct {
	CreatedAt time.Time
	ID        int64
}

// MessageReader reads messages and what digests are made of.
type MessageReader interface {
	Message(ctx context.Context, id int64) (Message, error)
	// Messages returns up to limit messages of the project in the state (all
	// where it is empty), before the cursor, newest first.
	Messages(ctx context.Context, projectID int64, state MessageState, before MessageCursor, limit int) ([]Message, error)
	Attempts(ctx context.Context, messageID int64) ([]Attempt, error)
	// MessagesOfUser returns up to limit messages that left and named the user,
	// before the cursor, newest first.
	MessagesOfUser(ctx context.Context, userID int64, before MessageCursor, limit int) ([]Message, error)
	// NewestTried tells of the newest message of the project by the channel (0: mail)
	// that was tried; ErrNotFound when none was.
	NewestTried(ctx context.Context, projectID, channelID int64) (Tried, error)
	// NewestError tells of the newest message of the project in the state whose
	// newest attempt failed; ErrNotFound when there is none.
	NewestError(ctx context.Context, projectID int64, state MessageState) (Tried, error)
	// NextTries is when the next attempt at a message by each channel of the project is due.
	NextTries(ctx context.Context, projectID int64) (map[int64]time.Time, error)
	// HasNewerDigest reports whether a digest to the same recipient was recorded after m.
	HasNewerDigest(ctx context.Context, m Message) (bool, error)
	// DueReminders returns up to limit renewals of the project that await
	// acknowledgement and are to be told of at now, in the order (RemindAt, user id).
	DueReminders(ctx context.Context, projectID int64, now time.Time, limit int) ([]DueReminder, error)
	// PendingReminders returns up to limit renewals that await acknowledgement, by
	// user id after the given one, of the project (serviceID 0) or one service.
	PendingReminders(ctx context.Context, projectID, serviceID, afterUserID int64, limit int) ([]DueReminder, error)
	// UrgentRenewals returns up to limit renewals of the service that await
	// acknowledgement and are not snoozed at now, the first old end first.
	UrgentRenewals(ctx context.Context, serviceID int64, now time.Time, limit int) ([]PendingRenewal, error)
	// ServiceSummaries counts, per service of the project that has any, what a
	// digest at now speaks of; renewed counts renewals made after since.
	ServiceSummaries(ctx context.Context, projectID int64, since, now time.Time) ([]ServiceSummary, error)
	// CountMessages counts messages by state, of the project or of all (0).
	CountMessages(ctx context.Context, projectID int64) (map[MessageState]int, error)
	// OldestDue is when the oldest message that is still due was made; zero for none.
	OldestDue(ctx context.Context) (time.Time, error)
}

// DueReminder is a renewal with where it stands in its schedule.
type DueReminder struct {
	PendingRenewal
	ProjectID int64
	RemindAt  time.Time // zero: the schedule is over
	Told      time.Time // when people were told last
}

// ServiceSummary counts a service's renewals at a moment.
type ServiceSummary struct {
	ServiceID int64
	Service   string
	Renewed   int // made since the moment asked for
	Awaiting  int // old pair live, not acknowledged, not snoozed
	Lapsed    int // old pair ended, not acknowledged
	Snoozed   int
	FirstEnd  time.Time // the first old end among Awaiting; zero for none
}

// MessageWriter writes messages and where reminders stand.
type MessageWriter interface {
	// InsertMessages adds messages; one whose slot is taken already is left out.
	InsertMessages(ctx context.Context, messages []Message) error
	// ClaimMessage gives a due message to one attempt and keeps others off it
	// until the moment; ErrNotFound: it is not due, or somebody else has it.
	ClaimMessage(ctx context.Context, id int64, now, until time.Time) (Message, error)
	// TakeIn drops the other messages of m's kind to its recipient that are due at
	// now and in no attempt, and returns what they are rendered from.
	TakeIn(ctx context.Context, m Message, now time.Time) (payloads [][]byte, err error)
	// SetPayload replaces what a due message is rendered from.
	SetPayload(ctx context.Context, id int64, payload []byte) error
	// RecordAttempt adds the attempt and saves the message's state, due date,
	// attempts, error, sent date and rendered text.
	RecordAttempt(ctx context.Context, a Attempt, m Message) error
	// NameUsers notes which users a message named as it left.
	NameUsers(ctx context.Context, m Message, userIDs []int64) error
	// RetryMessage makes a dead, dropped or kept message due again; ErrNotFound otherwise.
	RetryMessage(ctx context.Context, id int64, now time.Time) error
	// NoteNews asks for a digest of the project at the moment, or at the earlier one already asked for.
	NoteNews(ctx context.Context, projectID int64, at time.Time) error
	// PutOffNews moves the project's wish for a digest to the moment.
	PutOffNews(ctx context.Context, projectID int64, at time.Time) error
	// NoteDigest notes that the project's digest was recorded: no news is open any more.
	NoteDigest(ctx context.Context, projectID int64, at time.Time) error
	// SetReminders saves RemindAt and Told where the renewal still awaits.
	SetReminders(ctx context.Context, reminders []DueReminder) error
	// Snooze silences a renewal until the moment (zero ends it) and sets RemindAt.
	Snooze(ctx context.Context, userID int64, generation int, until time.Time, by, reason string, remindAt time.Time) error
}

// NoticeStore finds what is due without a project in hand.
type NoticeStore interface {
	// DueProjects returns up to limit projects with news or a reminder due at now.
	DueProjects(ctx context.Context, now time.Time, limit int) ([]int64, error)
	// DueMessages returns up to limit messages due at now, oldest due first.
	DueMessages(ctx context.Context, now time.Time, limit int) ([]int64, error)
	// Census counts certificates for the metrics.
	Census(ctx context.Context, now time.Time) (Census, error)
}

// Census counts the instance's users. Ends are those of current pairs.
type Census struct {
	Users        map[lifecycle.State]int
	DaysToEnd    map[int]int // upper bound in days (CensusDays) → users with an end within it, cumulative
	Awaiting     int
	OpenFailures int
}

// CensusDays are the bounds of Census.DaysToEnd.
var CensusDays = []int{0, 1, 7, 30, 60, 90, 180, 365, 730}

// EventType names an event, versioned by its payload's "version".
type EventType string

// The events that leave by webhook, Slack and, where urgent, mail.
const (
	EventRenewalCreated      EventType = "renewal.created"
	EventRenewalReminder     EventType = "renewal.reminder"
	EventRenewalAcknowledged EventType = "renewal.acknowledged"
	EventCertificateLapsed   EventType = "certificate.lapsed"
	EventCertificateRevoked  EventType = "certificate.revoked"
	EventRenewalFailed       EventType = "renewal.failed"
	EventDeliveryFailing     EventType = "delivery.failing"
	EventSweepStale          EventType = "sweep.stale"
	EventTest                EventType = "test"
)

// Event is a fact as it leaves: the data of a webhook, the text of a mail.
type Event struct {
	ID      string // stable: the same for each attempt and channel
	Type    EventType
	At      time.Time
	Project string
	Service string     // empty where it is about no service
	User    string     // empty where it is about no user
	UserID  int64      `json:",omitempty"` // 0 where it is about no user
	Renewal *EventPair // nil where it is about no renewal
	Message string     // for people, one sentence
	Remedy  string     // what to do, one sentence; may be empty
	// What follows is set when the event leaves, and not stored with it.
	PublicURL  string         `json:"-"`
	ConsoleURL string         `json:"-"` // where the project's pages are in the console; empty: nowhere
	Zone       *time.Location `json:"-"` // of the project; nil: UTC alone is shown
}

// EventPair is a renewal within an event.
type EventPair struct {
	Generation   int
	Replaced     int
	OldNotAfter  time.Time
	NewNotAfter  time.Time
	Acknowledger string
}

// Digest is what a digest says, made of the facts at the moment of sending.
type Digest struct {
	Project   string
	Recipient string
	Why       string // why this recipient gets it, one sentence
	Now       time.Time
	Zone      *time.Location
	Renewed   int
	Awaiting  int
	Lapsed    int
	Snoozed   int
	Sections  []DigestSection // most urgent first
	PublicURL string          // where the API is reached; empty when unknown
	// ConsoleURL is where the project's pages are in the console; empty: nowhere.
	ConsoleURL string
	// Recorded is when the message was. It is part of the Message-ID, which so
	// stays unique where a restored backup gives out the ids of messages again.
	Recorded time.Time
	AuditSeq int64  // the audit head at that moment, so that a cut tail shows
	AuditMAC string // hex
	Urgent   bool   // it left at once, for ends that are near

	// MoreServices counts the services that have no section though renewals of
	// theirs await, and MoreRenewals those renewals.
	MoreServices, MoreRenewals int
}

// DigestSection is one service of a digest.
type DigestSection struct {
	ServiceSummary
	Items []DigestItem // most urgent first
	More  int          // renewals counted but not listed
}

// DigestItem is one renewal that awaits acknowledgement.
type DigestItem struct {
	UserID     int64
	User       string
	Generation int
	OldNotBefore, OldNotAfter,
	NewNotBefore, NewNotAfter time.Time
	Lapsed bool
}

// Mail is a rendered mail.
type Mail struct {
	To        string
	Subject   string
	Text      string
	HTML      string
	Calendar  []byte // the .ics attached; nil for none
	MessageID string // stable per message, with its domain, without brackets
	ThreadID  string // in References: one thread a project
}

// Renderer writes mails; package notify does.
type Renderer interface {
	Digest(d Digest, messageID int64) (Mail, error)
	Event(e Event, to string, messageID int64) (Mail, error)
	Invitation(project, to, invitedBy, link string, expires time.Time) (Mail, error)
}

// Mailer sends mails. A failure that no later attempt can mend is a
// *PermanentError. Send returns within its context's deadline.
type Mailer interface {
	Send(ctx context.Context, m Mail) error
	// Leaves reports whether mail leaves this Segue at all, or is only kept in the outbox.
	Leaves() bool
	// Check connects and signs in without sending, for doctor and readyz.
	Check(ctx context.Context) error
}

// Poster delivers events by one kind of channel.
type Poster interface {
	Post(ctx context.Context, url, secret string, e Event) error
	// CheckURL refuses a URL that could never be delivered to; the address it
	// resolves to is checked again when it is dialled.
	CheckURL(url string) error
}

// PermanentError is a delivery failure that another attempt cannot mend.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }
