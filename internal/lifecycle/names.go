package lifecycle

import "regexp"

var nameRule = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$`)

// PrimaryUser is the user that comes with each service and cannot be deleted.
const PrimaryUser = "avnadmin"

// MaxName is the longest name, in bytes.
const MaxName = 64

// CheckName holds the rule for names of projects, services and users. It keeps
// out everything that could change the meaning of a distinguished name, a path
// or a mapping rule, and the two names that Kafka gives meaning to itself.
func CheckName(field, name string) error {
	switch {
	case name == "":
		return invalid(field, "%s must not be empty", field)
	case !nameRule.MatchString(name):
		return invalid(field, "%s must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter, a digit or '_'", field)
	case name == "ANONYMOUS" || name == "nobody":
		return invalid(field, "%s is reserved: Kafka or Segue gives this name a meaning of its own", field)
	}
	return nil
}
