// Package keys is custody: what seals secrets in the store and authenticates the
// audit chain. Three layers keep a stolen database or backup worthless:
//
//	key file           a Tink keyset in the clear, mode 0600, outside the store
//	  └ wraps          the keysets "seal" (AES256-GCM) and "audit" (HMAC-SHA256), in the store
//	      └ seal       private keys and passwords, in the store
//
// Associated data binds each layer to its place: segue/v1/keyset/<name> for a
// keyset, segue/v1/<purpose>/<project id>/<owner id>/<id> for a secret. What was
// moved into another row does not open.
//
// Keysets rotate beside running processes. A rotation adds a key and makes it
// primary; old keys stay, to open and to verify. A process that has not seen it
// goes on sealing with the old primary until its next Refresh, and everybody can
// open that. One that meets a key it does not know rereads the keyset from the
// store, then tries again; so a keyset is always saved before its new key is used.
//
// A PKCS#11 or KMS backend takes the place of the key file alone: of a KeyFile
// everything here uses a tink.AEAD, which such a backend has too, and a path to
// name in messages.
package keys
