// Package auth is what signing in needs: the hashing of members' passwords, the
// form of bearer tokens, and the limits on attempts.
package auth
