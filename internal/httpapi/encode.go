package httpapi

import (
	"time"

	"github.com/segue-project/segue/internal/app"
)

// each encodes a list; it is never nil, as clients expect [] rather than null.
func each[T, W any](items []T, encode func(T) W) []W {
	out := make([]W, len(items))
	for i, item := range items {
		out[i] = encode(item)
	}
	return out
}

// eachOrNil translates a list that was sent, and nothing where none was: an empty
// one takes all away.
func eachOrNil[W, T any](items []W, decode func(W) T) []T {
	if items == nil {
		return nil
	}
	return each(items, decode)
}

// list makes a nil list an empty one.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// object makes a nil map an empty one.
func object(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// timeOrNull is nil for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// stringOrAbsent is nil for the empty string.
func stringOrAbsent(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// wholePage is the page size of lists that are read to their end.
const wholePage = 1000

// allAtOnce is the limit that Go clients append to every call, without any
// intention to read a second page: it means all, as no limit does.
const allAtOnce = 999

// pageOrAll reads a page of a list that existing clients read whole: all of it
// where the request asks for no page.
func pageOrAll[T any](p app.Page, read func(app.Page) (items []T, next string, err error)) ([]T, string, error) {
	if p.After == "" && (p.Limit == 0 || p.Limit == allAtOnce) {
		all, err := everyPage(read)
		return all, "", err
	}
	return read(p)
}

// everyPage reads a list to its end: the calls that existing clients know do not page.
func everyPage[T any](read func(app.Page) (items []T, next string, err error)) ([]T, error) {
	var all []T
	for page := (app.Page{Limit: wholePage}); ; {
		items, next, err := read(page)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if next == "" {
			return all, nil
		}
		page.After = next
	}
}
