package app

// Page bounds a list; Limit is clamped to 1…1000, 100 when it is 0.
type Page struct {
	After string // cursor of the page before; empty for the first
	Limit int
}

func (p Page) limit() int {
	switch {
	case p.Limit <= 0:
		return 100
	case p.Limit > 1000:
		return 1000
	}
	return p.Limit
}

// next is the cursor of the following page; empty when this page was not full.
func (p Page) next(got int, key func(i int) string) string {
	if got < p.limit() {
		return ""
	}
	return key(got - 1)
}
