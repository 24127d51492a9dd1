package api

import (
	"iter"
	"net/url"
	"strconv"
)

// pageQuery asks for a page; an empty after is the first, limit 0 the server's
// own size.
func pageQuery(after string, limit int) url.Values {
	query := url.Values{}
	if after != "" {
		query.Set("after", after)
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	return query
}

// pages goes through a list page by page and ends after the first error.
func pages[T any](read func(after string) (items []T, next *string, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for after := ""; ; {
			items, next, err := read(after)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == nil || *next == "" {
				return
			}
			after = *next
		}
	}
}
