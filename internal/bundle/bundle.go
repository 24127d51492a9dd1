package bundle

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Input is what a bundle is made of.
type Input struct {
	Project, Service, User string
	Generation             int
	Bootstrap              string // "host:port", or several with commas between
	Cert, Key, CA          string // PEM; Key in PKCS#8, CA every authority to trust
	// Password encrypts the stores of formats that have one; see CheckPassword.
	Password string
	// Dir is where the files will lie on the client's machine: settings that cannot
	// say "beside this file" name the others there. Empty: in the directory in which
	// the client is started.
	Dir string
}

// File is one file of a bundle.
type File struct {
	Name    string
	Content []byte
	Secret  bool // holds a private key or a password, or helps to guess one: mode 0600
}

// Mode is the permission bits that the file should have.
func (f File) Mode() fs.FileMode {
	if f.Secret {
		return 0o600
	}
	return 0o644
}

// Format is one form in which a client loads a pair.
type Format struct {
	Name     string
	About    string   // what loads it, for people
	Files    []string // names of its files, in order
	Password bool     // its stores are encrypted with a password
	Address  bool     // it names the brokers, so their address must be known

	make func(*material) ([]File, error)
}

// Error is what somebody asked for and cannot have: which field is at fault, and
// what it should be. It never repeats a value.
type Error struct {
	Field   string // "format", "password", "directory" or "bootstrap"
	Message string
}

func (e *Error) Error() string { return e.Message }

func refuse(field, message string) error { return &Error{field, message} }

// Formats returns every format, the plainest first.
func Formats() []Format { return slices.Clone(formats) }

// Find returns the format of a name; an *Error lists those there are.
func Find(name string) (Format, error) {
	names := make([]string, len(formats))
	for i, f := range formats {
		if f.Name == name {
			return f, nil
		}
		names[i] = f.Name
	}
	return Format{}, refuse("format", "format must be one of "+strings.Join(names, ", "))
}

// Check returns an *Error where the format cannot take the password or the
// directory, so that it is refused before a key is fetched. An empty password is
// fine: somebody may yet choose it.
func (f Format) Check(password, dir string) error {
	if password != "" && !f.Password {
		return refuse("password", "this format has no password: leave it out")
	}
	if password != "" && !validPassword(password) {
		return refuse("password", fmt.Sprintf("password must be %d to %d printable ASCII characters, with no blank at either end", minPassword, maxPassword))
	}
	if !validDir(dir) {
		return refuse("directory", fmt.Sprintf("directory must be a path of up to %d bytes, with no control character and no blank at either end", maxDir))
	}
	return nil
}

// Make returns the files of a bundle. What was asked for and cannot be is an
// *Error; any other error says what is wrong with the pair.
func Make(format string, in Input) ([]File, error) {
	f, err := Find(format)
	if err != nil {
		return nil, err
	}
	if err := f.Check(in.Password, in.Dir); err != nil {
		return nil, err
	}
	if f.Password && in.Password == "" {
		return nil, refuse("password", "this format needs a password")
	}
	if f.Address && in.Bootstrap == "" {
		return nil, refuse("bootstrap", "this format names the brokers, and their address is not known")
	}
	m, err := load(in)
	if err != nil {
		return nil, fmt.Errorf("bundle of generation %d: %w", in.Generation, err)
	}
	files, err := f.make(m)
	if err != nil {
		return nil, fmt.Errorf("bundle of generation %d as %s: %w", in.Generation, f.Name, err)
	}
	return files, nil
}

// The bounds of a password, in bytes. Java's keytool takes none below six.
const (
	minPassword = 6
	maxPassword = 256
)

// validPassword allows what every store, settings file and terminal takes alike:
// JKS and PKCS#12 encode other characters each in its own way, and Kafka cuts
// blanks off the ends of a setting.
func validPassword(password string) bool {
	return len(password) >= minPassword && len(password) <= maxPassword && strings.TrimSpace(password) == password &&
		!strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' })
}
