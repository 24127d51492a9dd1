package console

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"github.com/segue-project/segue/internal/app"
)

// deeds say what an entry of the audit log records, as what its actor did. {it} is
// the user, the service or the project that it is about; {key} a value of the
// entry's detail, and {key word} a number of it with its word.
var deeds = map[string]string{
	"project.create": "made the project {it}",
	"project.update": "changed the project",
	"project.delete": "deleted the project {project}",
	"policy.set":     "changed the policy of {it}",
	"contacts.set":   "set {contacts contact} of {it}",

	"service.create":    "added the service {it}",
	"service.update":    "changed the service {it}",
	"service.delete":    "deleted the service {it} with {users user}",
	"broker-kit.create": "made a broker kit of {it} for {brokers broker}",

	"acl.add":              "gave {username} {may} on {topic} in {it}",
	"acl.delete":           "took {may} on {topic} from {username} in {it}",
	"acl.delete-of-user":   "took {rows ACL row} of {it} away",
	"acl.repair":           "put {bindings ACL} back on the brokers of {it}, which somebody had taken away",
	"password.repair":      "put the passwords of {users user} back on the brokers of {it}",
	"admin-session.create": "made itself a pair to set up the brokers of {it}",

	"user.create":            "added {it}",
	"user.delete":            "deleted {it}",
	"user.reset-credentials": "reset the credentials of {it}: generation {generation}",
	"user.set-password":      "changed the password of {it}",
	"keys.read":              "saw {keys access key} of {it}",
	theKeyRead:               "saw the access key of {it}",
	"keys.read-corrected":    "saw {keys access key} of {it}, another number than noted before",

	"renewal.create":      "renewed {it} to generation {generation}",
	"renewal.postpone":    "put off the renewal of {it}",
	"renewal.await-csr":   "let the renewal of {it} wait for a new key",
	"renewal.acknowledge": "acknowledged generation {generation} of {it}",
	"renewal.snooze":      "snoozed reminders of {it} until {until}",
	"renewal.end-snooze":  "ended the snooze of {it}",

	"member.invite":              "invited {email} as {role}",
	"member.withdraw-invitation": "withdrew the invitation of {email}",
	"member.join":                "joined as {role}",
	"member.set-role":            "made {email} {role}",
	"member.remove":              "removed {email} from the project",

	"channel.create": "added the channel {channel}",
	"channel.delete": "deleted the channel {channel}",
	"channel.test":   "tested the channel {channel}",
	"message.retry":  "asked for a message to be sent again",

	"denied": "was not allowed {permission}",

	"account.create":         "made the account {email}",
	"account.sign-in":        "signed in",
	"account.sign-in-failed": "refused a sign-in from {address}",
	"account.sign-out":       "signed out",
	"account.revoke-session": "ended a session",
	"account.set-password":   "set a new password of {email}",
	"token.create":           "made the access token {token}",
	"token.describe":         "described the access token {token} anew",
	"token.revoke":           "revoked the access token {token}",
	"sweep.accept-clock":     "accepted the clock: the newest sweep was noted in the future",
	"setup.offer":            "offered the link for the first set-up",
}

// theKeyRead is keys.read of one user's one key.
const theKeyRead = "keys.read of one"

var permissions = map[app.Permission]string{
	app.ReadProject: "to look at the project", app.ReadSecrets: "to see keys", app.ManageUsers: "to change users",
	app.ManageProject: "to change the project", app.DeleteProject: "to delete the project",
	app.ManageServices: "to add, change or delete services", app.ManagePolicy: "to change policies",
	app.ManageNotices: "to change contacts and channels", app.ManageMembers: "to change members",
	app.MakeBrokerKit: "to make a broker kit", app.ManageACLs: "to change what users may do at the brokers",
}

// deed is what an entry records, about what.
type deed struct{ Before, It, After string }

// auditWords say what an entry records, without who did it: "saw the access key
// of orders-writer".
func auditWords(e app.AuditEntry) string {
	d := deedOf(e)
	return d.Before + d.It + d.After
}

func deedOf(e app.AuditEntry) deed {
	detail := map[string]any{}
	_ = json.Unmarshal([]byte(e.Detail), &detail) // written by Segue; without it the words say less
	action := e.Action
	if action == "keys.read" && e.User != "" && detail["keys"] == 1.0 {
		action = theKeyRead
	}
	phrase, known := deeds[action]
	if !known {
		return deed{Before: `did "` + action + `" to `, It: itOf(e, detail)}
	}
	before, after, about := strings.Cut(phrase, "{it}")
	d := deed{Before: filled(before, detail), After: filled(after, detail)}
	if about {
		d.It = itOf(e, detail)
	}
	return d
}

// itOf is what an entry is about.
func itOf(e app.AuditEntry, detail map[string]any) string {
	switch {
	case e.User != "":
		return e.User
	case e.Service != "":
		return e.Service
	case e.Action == "project.create":
		return valueWords("project", detail["project"])
	}
	return "the project"
}

var blank = regexp.MustCompile(`\{(\w+)( [\w ]+)?\}`)

func filled(phrase string, detail map[string]any) string {
	return blank.ReplaceAllStringFunc(phrase, func(found string) string {
		parts := blank.FindStringSubmatch(found)
		key, word := parts[1], strings.TrimSpace(parts[2])
		if n, ok := detail[key].(float64); ok && word != "" {
			return plural(int(n), word)
		}
		return valueWords(key, detail[key])
	})
}

func valueWords(key string, value any) string {
	switch v := value.(type) {
	case float64:
		return number(int(v))
	case string:
		if words, ok := permissions[app.Permission(v)]; ok && key == "permission" {
			return words
		}
		if key == "role" {
			return roleWords(app.Role(v))
		}
		if t, err := time.Parse(time.RFC3339, v); err == nil && key == "until" {
			return day(t, time.UTC)
		}
		return v
	}
	return "an unknown " + key
}

// actorWords is who did something, short: the address without its domain.
func actorWords(actor string) string {
	if actor == app.System().Email {
		return "Segue"
	}
	name, _, _ := strings.Cut(actor, "@")
	return name
}
