// Package lifecycle holds the rules of a pair's life: facts and a moment go in,
// a state or a Change comes out. It does no I/O, reads no clock and imports the
// standard library only, so every rule can be tested by calling it.
//
// Stored are facts (generations and renewals); a state is never stored:
//
//	  renew (RenewBefore before its end)         old certificate ends
//	valid ────────────────────▶ expiring ────────────────────────▶ lapsed
//	  ▲                            │ acknowledge                      │ acknowledge
//	  │   old certificate ends     ▼                                  ▼
//	  ├─────────────────────── acknowledged                         valid
//	  │
//	  └── reset, from any state: a new generation, every earlier one revoked
//
// All times are compared at millisecond resolution, the resolution of the store.
package lifecycle
