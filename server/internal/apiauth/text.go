package apiauth

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// param is a query parameter as it stands in the text to sign.
type param struct {
	name   string // in lower case
	values []string
}

// params returns the parameters in the order of the text to sign, each as it
// is written in the query.
func params(query url.Values) []param {
	list := make([]param, 0, len(query))
	for name, values := range query {
		if name != paramSignature {
			list = append(list, param{strings.ToLower(name), values})
		}
	}
	slices.SortFunc(list, func(a, b param) int {
		// Names that differ only in case come in the order of their values, so
		// that the result does not depend on the order of a map.
		return cmp.Or(cmp.Compare(a.name, b.name), slices.Compare(a.values, b.values))
	})
	return list
}

// joined returns the parameters with each list as one parameter, its values
// separated by commas, and whether that makes a difference. Lists are written
// a=1&a=2, a[]=1&a[]=2 or a[0]=1&a[1]=2.
func joined(list []param) ([]param, bool) {
	type item struct {
		index int
		param
	}
	byBase := make(map[string][]item)
	differs := false
	for _, p := range list {
		base, index, isList := listName(p.name)
		differs = differs || isList || len(p.values) > 1
		byBase[base] = append(byBase[base], item{index, p})
	}
	if !differs {
		return list, false
	}
	result := make([]param, 0, len(byBase))
	for base, items := range byBase {
		// By index as a number: a[10] comes after a[9].
		slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.index, b.index) })
		var values []string
		for _, i := range items {
			values = append(values, i.values...)
		}
		result = append(result, param{base, []string{strings.Join(values, ",")}})
	}
	slices.SortFunc(result, func(a, b param) int { return cmp.Compare(a.name, b.name) })
	return result, true
}

// Params returns the query as it was signed: names in lower case, and each list
// as one value, joined by commas. Reading anything else could give a request
// another meaning than its signer's, since several spellings have one signature.
func (r Request) Params() url.Values {
	list, _ := joined(params(r.Query))
	values := make(url.Values, len(list))
	for _, p := range list {
		values[p.name] = append(values[p.name], p.values...)
	}
	return values
}

// listName splits the name of a list's item, as in channels[] or channels[3].
func listName(name string) (base string, index int, isList bool) {
	base, rest, found := strings.Cut(name, "[")
	inner, closed := strings.CutSuffix(rest, "]")
	if !found || !closed || base == "" {
		return name, 0, false
	}
	if inner == "" {
		return base, 0, true
	}
	index, err := strconv.Atoi(inner)
	if err != nil || index < 0 {
		return name, 0, false
	}
	return base, index, true
}

// text builds the text to sign.
func text(method, path string, list []param) string {
	var b strings.Builder
	b.WriteString(strings.ToUpper(method))
	b.WriteByte('\n')
	b.WriteString(path)
	separator := byte('\n')
	for _, p := range list {
		for _, value := range p.values {
			b.WriteByte(separator)
			b.WriteString(p.name)
			b.WriteByte('=')
			b.WriteString(value)
			separator = '&'
		}
	}
	return b.String()
}
