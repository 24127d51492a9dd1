// Package house holds the house of DESIGN together: which package may import
// which package and which library, and who may read the clock. It is a test and
// nothing else; `make check` and `go test ./...` run it.
//
// A new package or a new library fails here until it has a place in the tables
// below: that is the moment to ask whether it belongs there.
package house

// room is one package, or a tree of packages, and what its files may use.
type room struct {
	path  string   // relative to the module; "x/..." is x and every package below it
	of    string   // the one room that may import it; empty: see each room's may
	may   []string // rooms of this module that it may import; "..." is all of them
	never []string // packages of the standard library it must not import, each with all below it
	only  []string // of a package of the standard library these names alone, as "net.IP"
	clock bool     // may read the clock; everywhere else now is an argument
	exit  bool     // may end the process
	tests bool     // serves tests only: no file that ships may import it
	// strict rooms keep their rules in their own tests too. Tests of other rooms
	// may import every room, as they show that the parts work together.
	strict bool
}

// effects is what reaches outside the process, or depends on more than its arguments.
var effects = []string{
	"bufio", "context", "database", "embed", "io", "log", "net", "os", "path/filepath", "plugin", "runtime", "syscall",
	"testing",
}

// devices is what those leave to others who do compute, but reach no disk and no network.
var devices = []string{"database", "embed", "net/http", "net/rpc", "net/smtp", "os", "path/filepath", "plugin", "syscall", "testing"}

// addresses is what of package net only reads and writes addresses.
var addresses = []string{"net.IP", "net.JoinHostPort", "net.ParseIP", "net.SplitHostPort"}

// rooms is the house of DESIGN, from the cellar up: imports run downwards only,
// and adapters never import one another.
var rooms = []room{
	{path: "internal/lifecycle", never: effects, strict: true},
	{path: "internal/pki", never: append([]string{"context", "log"}, devices...), only: addresses, strict: true},
	{path: "internal/properties", never: effects},
	{path: "internal/bundle", may: []string{"internal/properties"}, never: []string{"context", "database", "log", "net", "os", "path/filepath", "syscall"}},
	{path: "internal/app", may: []string{"internal/lifecycle", "internal/pki", "internal/bundle"}, never: devices, only: addresses},
	{path: "internal/atomicfile"},
	{path: "api"},

	{path: "internal/store", may: append([]string{"internal/store/db"}, adapter...)},
	{path: "internal/store/db", of: "internal/store"}, // generated
	{path: "internal/keys", may: adapter},
	{path: "internal/work", may: adapter},
	{path: "internal/notify", may: adapter},
	{path: "internal/kafka", may: adapter},
	{path: "internal/auth", may: adapter},
	{path: "internal/httpapi", may: adapter},
	{path: "internal/console", may: adapter},
	{path: "internal/agent", may: []string{"api", "internal/bundle", "internal/atomicfile"}},

	{path: "cmd/segue", may: []string{"..."}, clock: true, exit: true},

	{path: "internal/house", tests: true},
	{path: "internal/testenv", may: []string{"..."}, clock: true, exit: true, tests: true},
	{path: "internal/notify/smtptest", clock: true, tests: true},
	{path: "internal/properties/propertiestest", tests: true},
	{path: "internal/store/storetest", may: []string{"internal/app", "internal/lifecycle", "internal/pki"}, clock: true, tests: true},
	{path: "test/...", may: []string{"..."}, clock: true, exit: true, tests: true},
	{path: "docs", tests: true},
}

// adapter is what every adapter may import.
var adapter = []string{"internal/app", "internal/lifecycle", "internal/pki", "internal/bundle", "internal/properties", "internal/atomicfile", "api"}

// library is a package outside the standard library and who may import it.
type library struct {
	path  string   // an import path, with all below it
	rooms []string // where files that ship may import it
	tests bool     // tests of any room, and the rooms that serve tests, may import it too
}

// libraries pins each library to the rooms that it is for, so that it could be
// replaced by changing those alone.
var libraries = []library{
	{path: "database/sql", rooms: []string{"internal/store", "internal/store/db", "internal/work"}, tests: true},
	{path: "github.com/jackc/pgx/v5", rooms: []string{"internal/store", "internal/work"}, tests: true},
	{path: "modernc.org/sqlite", rooms: []string{"internal/store"}, tests: true},
	{path: "github.com/pressly/goose/v3", rooms: []string{"internal/store"}},
	{path: "github.com/riverqueue/river", rooms: []string{"internal/work"}},
	{path: "github.com/tink-crypto/tink-go/v2", rooms: []string{"internal/keys"}},
	{path: "software.sslmate.com/src/go-pkcs12", rooms: []string{"internal/bundle"}, tests: true},
	{path: "github.com/pavlo-v-chernykh/keystore-go/v4", rooms: []string{"internal/bundle"}, tests: true},
	{path: "golang.org/x/crypto/argon2", rooms: []string{"internal/auth"}},
	{path: "golang.org/x/time/rate", rooms: []string{"internal/auth", "internal/httpapi"}},
	{path: "github.com/wneessen/go-mail", rooms: []string{"internal/notify"}},
	{path: "github.com/arran4/golang-ical", rooms: []string{"internal/notify", "internal/console"}},
	{path: "github.com/standard-webhooks/standard-webhooks/libraries", rooms: []string{"internal/notify"}, tests: true},
	{path: "golang.org/x/net/html", rooms: []string{"internal/notify"}, tests: true},
	{path: "github.com/danielgtaylor/huma/v2", rooms: []string{"internal/httpapi"}},
	{path: "github.com/prometheus/client_golang", rooms: []string{"internal/httpapi"}, tests: true},
	{path: "github.com/twmb/franz-go", rooms: []string{"internal/kafka"}, tests: true},
	{path: "github.com/a-h/templ", rooms: []string{"internal/console"}},
	{path: "github.com/spf13/cobra", rooms: []string{"cmd/segue"}},
	{path: "github.com/spf13/pflag", rooms: []string{"cmd/segue"}},
	{path: "charm.land/lipgloss/v2", rooms: []string{"cmd/segue"}},
	{path: "github.com/schollz/progressbar/v3", rooms: []string{"cmd/segue"}},
	{path: "golang.org/x/term", rooms: []string{"cmd/segue"}},
	{path: "golang.org/x/sync", rooms: []string{"internal/app", "internal/store", "internal/work", "cmd/segue"}, tests: true},
	{path: "golang.org/x/sys", rooms: []string{"cmd/segue", "internal/store"}},

	{path: "github.com/pb33f/libopenapi", tests: true},
	{path: "github.com/pb33f/libopenapi-validator", tests: true},
	{path: "github.com/prometheus/common", tests: true},
	{path: "github.com/prometheus/prometheus", tests: true},
	{path: "github.com/chromedp/chromedp", tests: true},
	{path: "github.com/chromedp/cdproto", tests: true},
	{path: "github.com/emersion/go-smtp", tests: true},
	{path: "github.com/emersion/go-sasl", tests: true},
	{path: "pgregory.net/rapid", tests: true},
	{path: "github.com/rogpeppe/go-internal", tests: true},
	{path: "github.com/zmap/zlint/v3", tests: true},
	{path: "github.com/zmap/zcrypto", tests: true},
}
