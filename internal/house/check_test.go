package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// finding is one use that the house does not allow.
type finding struct {
	file    string // relative to the module
	message string
}

func (f finding) String() string { return f.file + ": " + f.message }

// source is one Go file and what the rules ask about it.
type source struct {
	file string
	dir  string
	test bool
	tree *ast.File
	room *room
}

// house is the rules to check a module against.
type house struct {
	module    string
	rooms     []room
	libraries []library
}

// inspect parses every Go file of the module, those for other systems and build
// tags too, and returns what breaks the rules, in the order of the files.
func (h house) inspect(tree fs.FS) ([]finding, error) {
	var found []finding
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return h.enter(tree, name)
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
		found = append(found, h.check(source{
			file: name,
			dir:  path.Dir(name),
			test: strings.HasSuffix(name, "_test.go"),
			tree: file,
			room: h.roomOf(path.Dir(name)),
		})...)
		return nil
	})
	return found, err
}

// enter skips folders that hold no package of this module.
func (h house) enter(tree fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := fs.Stat(tree, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// roomOf is the room that names dir, or the longest tree that holds it; nil for none.
func (h house) roomOf(dir string) *room {
	var best *room
	for i := range h.rooms {
		r := &h.rooms[i]
		root, isTree := strings.CutSuffix(r.path, "/...")
		switch {
		case !isTree && r.path == dir:
			return r
		case isTree && within(dir, root) && (best == nil || len(r.path) > len(best.path)):
			best = r
		}
	}
	return best
}

// within reports whether the slash-separated path is root or lies below it.
func within(name, root string) bool {
	return name == root || strings.HasPrefix(name, root+"/")
}

func (h house) check(s source) []finding {
	if s.room == nil {
		return []finding{{s.file, fmt.Sprintf("package %s has no place in the house: give it one in internal/house/rules_test.go", s.dir)}}
	}
	var found []finding
	report := func(format string, args ...any) {
		found = append(found, finding{s.file, fmt.Sprintf(format, args...)})
	}
	names := map[string]string{} // local name of an import → path
	for _, spec := range s.tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			report("import %s cannot be read", spec.Path.Value)
			continue
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." {
			report("imports %s with a dot, which hides who uses it", imported)
		}
		names[name] = imported
		h.checkImport(s, imported, report)
	}
	h.checkUses(s, names, report)
	return found
}

func (h house) checkImport(s source, imported string, report func(string, ...any)) {
	if inside, ok := strings.CutPrefix(imported, h.module+"/"); ok {
		h.checkInside(s, inside, report)
		return
	}
	if lib := h.libraryOf(imported); lib != nil {
		if !(lib.tests && (s.test || s.room.tests)) && !slices.Contains(lib.rooms, s.room.path) {
			report("imports %s, which is for %s", imported, lib.places())
		}
		return
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		report("imports %s, a library without a place: say in internal/house/rules_test.go who may use it", imported)
		return
	}
	if s.test {
		return
	}
	for _, banned := range s.room.never {
		if within(imported, banned) {
			report("imports %s, which %s must do without", imported, s.room.path)
		}
	}
}

func (h house) checkInside(s source, inside string, report func(string, ...any)) {
	target := h.roomOf(inside)
	switch {
	case target == nil:
		report("imports %s, which has no place in the house", inside)
	case target == s.room:
	case target.of != "" && target.of != s.room.path:
		report("imports %s, which belongs to %s", inside, target.of)
	case target.tests && !s.test && !s.room.tests:
		report("imports %s, which is for tests only", inside)
	case s.test && !s.room.strict:
	case slices.Contains(s.room.may, "..."), slices.Contains(s.room.may, target.path):
	default:
		report("imports %s: %s may import %s", inside, s.room.path, listOr(s.room.may, "no other package of this module"))
	}
}

// libraryOf is the longest entry that holds the import path; nil for none.
func (h house) libraryOf(imported string) *library {
	var best *library
	for i := range h.libraries {
		if l := &h.libraries[i]; within(imported, l.path) && (best == nil || len(l.path) > len(best.path)) {
			best = l
		}
	}
	return best
}

func (l library) places() string {
	places := slices.Clone(l.rooms)
	if l.tests {
		places = append(places, "tests")
	}
	return listOr(places, "nobody")
}

func listOr(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ", ")
}

// clockReads and exits are the names that only rooms with clock or exit may use.
var (
	clockReads = []string{"time.Now", "time.Since", "time.Until"}
	exits      = []string{"os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "log.Panic", "log.Panicf", "log.Panicln"}
)

// checkUses looks at what a file that ships takes from the packages it imports.
func (h house) checkUses(s source, names map[string]string, report func(string, ...any)) {
	if s.test {
		return
	}
	limited := map[string]bool{} // packages of which the room may use some names alone
	for _, use := range s.room.only {
		limited[use[:strings.LastIndex(use, ".")]] = true
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		ident, ok := selector.X.(*ast.Ident)
		if !ok || names[ident.Name] == "" {
			return true
		}
		imported := names[ident.Name]
		use := imported + "." + selector.Sel.Name
		switch {
		case slices.Contains(clockReads, use) && !s.room.clock:
			report("reads the clock by %s: take now as an argument", use)
		case slices.Contains(exits, use) && !s.room.exit:
			report("ends the process by %s: return an error", use)
		case limited[imported] && !slices.Contains(s.room.only, use):
			report("uses %s; of %s only %s may be used here", use, imported, listOr(s.room.only, "nothing"))
		}
		return true
	})
}
