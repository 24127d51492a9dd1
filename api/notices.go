package api

import "time"

// MembersReply is who belongs to a project (GET …/users). Invitations are all
// there are, on the first page.
type MembersReply struct {
	Users       []Member     `json:"users"`
	Invitations []Invitation `json:"invitations"`
	GroupUsers  []any        `json:"group_users"`
	// Next is what to send as after for the next page; null at the end. Ours.
	Next *string `json:"next"`
}

// Member is an account with its role in a project.
type Member struct {
	UserEmail  string    `json:"user_email"`
	MemberType string    `json:"member_type" enum:"admin,operator,developer,read_only"`
	RealName   string    `json:"real_name"`
	CreateTime time.Time `json:"create_time"`
}

// Invitation is a place kept for somebody.
type Invitation struct {
	InvitedUserEmail  string    `json:"invited_user_email"`
	InvitingUserEmail string    `json:"inviting_user_email"`
	MemberType        string    `json:"member_type"`
	InviteTime        time.Time `json:"invite_time"`
	ExpiryTime        time.Time `json:"expiry_time"`
}

// Invite keeps a place for somebody (POST …/invite); without MemberType, as developer.
type Invite struct {
	UserEmail  string `json:"user_email"`
	MemberType string `json:"member_type,omitempty"`
}

// InviteReply says what became of an invitation. Link is there only where it
// could not be mailed: pass it on, it is shown once. It begins with a slash where
// the server does not know its public URL.
type InviteReply struct {
	Message string `json:"message"`
	Link    string `json:"link,omitempty"`
}

// MemberUpdate changes a member's role (PUT …/user/{email}).
type MemberUpdate struct {
	MemberType string `json:"member_type"`
}

// InvitationAccept makes the invited person a member (POST /v1/invitation/accept).
type InvitationAccept struct {
	Token    string `json:"token" doc:"From the link"`
	Password string `json:"password" doc:"Of the new account, or of the one that the address has"`
	RealName string `json:"real_name,omitempty"`
}

// Done is the reply of calls that only do something.
type Done struct {
	Message string `json:"message"`
}

// Contacts are technical contacts (GET and PUT …/contacts). A service's own
// replace the project's for it.
type Contacts struct {
	TechEmails []TechEmail `json:"tech_emails"`
}

// RecipientsReply is who would be told about a service, and why.
type RecipientsReply struct {
	Recipients []Recipient `json:"recipients"`
}

// Recipient is somebody who is told.
type Recipient struct {
	Email string `json:"email"`
	Why   string `json:"why"`
}

// Snooze silences a user's reminders (POST …/user/{u}/snooze).
type Snooze struct {
	Until  time.Time `json:"until" doc:"Not past the old pair's end"`
	Reason string    `json:"reason"`
}

// UserQuery says which of a service's users a list holds, and in which order.
type UserQuery struct {
	State  string // awaiting, lapsed, overlap or valid; empty: all
	Search string // part of the name, upper and lower case alike; at most 64 bytes
	Sort   string // name, urgency or end; empty: name
}

// UsersPage is a page of a service's users, without any secret (GET …/users).
type UsersPage struct {
	Users []User  `json:"users"`
	Next  *string `json:"next" doc:"What to send as after for the next page; null on the last"`
}

// ChannelsReply lists a project's channels; their addresses are never shown.
type ChannelsReply struct {
	Channels []Channel `json:"channels"`
}

// Channel is where a project's events go besides mail.
type Channel struct {
	Name       string    `json:"name"`
	Kind       string    `json:"kind" enum:"webhook,slack"`
	CreateTime time.Time `json:"create_time"`
}

// ChannelCreate adds a channel (POST …/channels).
type ChannelCreate struct {
	Name string `json:"name"`
	Kind string `json:"kind" enum:"webhook,slack"`
	URL  string `json:"url"`
}

// ChannelReply is a new channel. Secret signs a webhook's deliveries after the
// Standard Webhooks specification; it is shown only here.
type ChannelReply struct {
	Channel Channel `json:"channel"`
	Secret  string  `json:"secret,omitempty"`
}

// DeliveriesReply is a page of messages, newest first.
type DeliveriesReply struct {
	Deliveries []Delivery `json:"deliveries"`
	Next       *string    `json:"next"`
}

// DeliveryReply is one message with its attempts and what it said.
type DeliveryReply struct {
	Delivery Delivery  `json:"delivery"`
	Attempts []Attempt `json:"attempts"`
	Text     string    `json:"text"`
	HTML     string    `json:"html"`
}

// Delivery is one message to one recipient.
type Delivery struct {
	ID         string     `json:"id" doc:"16 hexadecimal digits"`
	Kind       string     `json:"kind" enum:"digest,urgent,event"`
	Event      string     `json:"event,omitempty"`
	Channel    string     `json:"channel" doc:"mail, or the channel's name"`
	Recipient  string     `json:"recipient"`
	Subject    string     `json:"subject,omitempty"`
	State      string     `json:"state" enum:"due,sent,kept,dropped,dead"`
	Attempts   int        `json:"attempts"`
	LastError  string     `json:"last_error,omitempty"`
	CreateTime time.Time  `json:"create_time"`
	DueTime    *time.Time `json:"due_time" doc:"When the next attempt may start; null when none will"`
	SentTime   *time.Time `json:"sent_time"`
}

// Attempt is one try to deliver a message.
type Attempt struct {
	Number    int       `json:"number"`
	StartTime time.Time `json:"start_time"`
	Outcome   string    `json:"outcome"`
	Error     string    `json:"error,omitempty"`
}

// Preview is the digest that would leave now (GET …/notify/preview).
type Preview struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
	// Calendar is the attached entry of the first end, iCalendar; null where no
	// end lies ahead.
	Calendar *string `json:"calendar"`
}
