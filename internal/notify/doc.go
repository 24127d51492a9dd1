// Package notify writes what people are told and carries it to them.
//
// [Renderer] makes mails of facts: one html/template set gives the HTML part, and
// the text part is read off that HTML, so the two can never say different things.
// The channels are [SMTP] for mails, and [Webhook] and [Slack] for events; each is
// one file, and one behaviour suite holds for all of them:
//
//   - a delivery is done only when the other side said so;
//   - a failure that no later attempt can mend is an *app.PermanentError, every
//     other failure may be tried again, with the same Message-ID or webhook-id;
//   - nothing outlasts its context, and no error repeats a password, a secret or
//     a URL.
//
// Webhooks and Slack leave by one [Outgoing], which reaches public addresses alone
// unless an operator allows others.
package notify
