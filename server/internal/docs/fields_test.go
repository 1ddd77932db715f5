package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"testing"
)

// types calls fn for each type that the Go files of a folder declare, with what
// is said about it.
func types(t *testing.T, folder string, fn func(spec *ast.TypeSpec, doc string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					fn(spec, group.Doc.Text()+spec.Doc.Text())
				}
			}
		}
	}
}

// TestFieldsAreShown checks that what go doc says about a type of package
// thimble that another package declares names all of its fields: go doc itself
// does not show them.
func TestFieldsAreShown(t *testing.T) {
	t.Parallel()
	const root = "../../../"
	fields := make(map[string][]string)
	types(t, root+"internal/session", func(spec *ast.TypeSpec, _ string) {
		if declared, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range declared.Fields.List {
				for _, name := range field.Names {
					if name.IsExported() {
						fields[spec.Name.Name] = append(fields[spec.Name.Name], name.Name)
					}
				}
			}
		}
	})
	checked := 0
	types(t, root, func(spec *ast.TypeSpec, doc string) {
		other, ok := spec.Type.(*ast.SelectorExpr)
		if !ok || !spec.Assign.IsValid() {
			return
		}
		for _, field := range fields[other.Sel.Name] {
			checked++
			if !regexp.MustCompile(`\b` + field + `\b`).MatchString(doc) {
				t.Errorf("what is said about %s does not name %s", spec.Name, field)
			}
		}
	})
	if checked < 30 {
		t.Errorf("only %d fields are looked for", checked)
	}
}
