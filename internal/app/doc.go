// Package app holds Segue's use cases, one file per user action, and the small
// interfaces they need. Every use case takes the actor and now, authorises in
// one place, decides with package lifecycle and saves the decision together with
// its audit entry in one transaction. Console, API and CLI all come through here.
package app
