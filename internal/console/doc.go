// Package console is the web console: pages drawn on the server, which work
// without JavaScript and are quicker with it.
//
// A request is a visit. Public pages (sign-in, set-up, invitation) know nobody;
// every other visit has an actor, and those below /projects/{project} the
// project's frame: role, zone, counts. A page's method decodes, calls a use case
// of internal/app and renders a component; roles are held there, and pages ask the
// role only to leave out what would be refused.
//
// Dialogs are pages of their own. With JavaScript their content comes alone and
// opens above the page that asked (see visit.render); a form that succeeds leads
// back with a line that says what happened (see visit.done).
package console

//go:generate go tool -modfile=../../tools/go.mod templ generate
