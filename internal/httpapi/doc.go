// Package httpapi serves the API that existing clients of managed Kafka speak,
// and Segue's own calls beside it in the same style. Handlers decode, call a use
// case and encode; who may do what is decided by the use cases alone.
//
// What those clients rely on, and every call here keeps: unknown query
// parameters and body fields are ignored, Content-Type is not judged, every
// failure is the envelope of api.ErrorReply with the status in it, every success
// is JSON. No value that was sent comes back in a failure or in the log, which
// holds the patterns of routes, never paths.
package httpapi
