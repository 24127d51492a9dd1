// Package crash ends segue by force in the middle of its work, on both
// databases, and demands that the next start carries on as if nothing had been:
// nothing half-done, nobody renewed twice, nobody forgotten.
//
// Points in time are drawn at random over the whole of a sweep. There are four
// for each database, or as many as the environment variable SEGUE_CRASH_POINTS
// says.
package crash
